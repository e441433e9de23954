package io.callstream.spark;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/** The same for a checkpoint in an S3 server, through S3A. */
@Tag("cluster")
class ObjectStoreFenceTest extends FenceTest {
  private static final String BUCKET = "fence";

  @TempDir static Path directory;
  private static S3Server server;

  @BeforeAll
  static void startServer() throws IOException {
    server = S3Server.start(directory);
    server.createBucket(BUCKET);
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @Override
  String root() {
    return "s3a://" + BUCKET;
  }

  @Override
  SparkSession session() {
    SparkSession session = TestSession.get().newSession();
    S3Server.settings(BUCKET, server.address().getPort()).forEach(session.conf()::set);
    return session;
  }

  /** S3A has no such checksums. */
  @Override
  void aFileThatHdfsFindsDamagedIsADamageOfTheCheckpoint() {}

  /** Objects have no time that a client can set. */
  @Override
  void filesOfDriversThatWereKilledWhileTheyAskedExecutorsAreDeletedAfterADay() {}
}
