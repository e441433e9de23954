package io.callstream.spark;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

class SessionsTest {
  @Test
  void theSessionOfARunHasTheFileSystemSettingsOfItsHostAndNoOthers() {
    SparkSession host = TestSession.get().newSession();
    host.conf().set("fs.s3a.access.key", "of the host");
    host.conf().set("spark.sql.session.timeZone", "Asia/Tokyo");
    try (Sessions.Lease lease = Sessions.using(host, SparkSettings.defaults())) {
      assertThat(lease.session().sessionState().newHadoopConf().get("fs.s3a.access.key"))
          .isEqualTo("of the host");
      assertThat(lease.session().conf().get("spark.sql.session.timeZone"))
          .isNotEqualTo("Asia/Tokyo");
    }
  }
}
