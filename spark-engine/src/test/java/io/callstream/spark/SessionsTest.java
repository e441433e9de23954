package io.callstream.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

class SessionsTest {
  private static final String OFF = "{spark.ui.enabled=false}";

  @Test
  void theUserInterfaceIsOnlyOnIfNoOtherMachineReachesIt() {
    assertThat(Sessions.userInterface("local[2]", null)).hasToString(OFF);
    assertThat(Sessions.userInterface("local[2]", "0.0.0.0")).hasToString(OFF);
    assertThat(Sessions.userInterface("local[2]", "10.0.0.7")).hasToString(OFF);
    assertThat(Sessions.userInterface("spark://a:1", "127.0.0.1")).hasToString(OFF);
    assertThat(Sessions.userInterface("local[2]", "127.0.0.1"))
        .containsEntry("spark.ui.enabled", "true")
        .containsEntry("spark.ui.killEnabled", "false");
  }

  @Test
  void theUserInterfaceTakesAFreePortIfTheUsualOneIsInUse() throws Exception {
    InetAddress loopback = InetAddress.getByName("127.0.0.1");
    String usual = Sessions.userInterface("local", "127.0.0.1").get("spark.ui.port");
    try (ServerSocket taken = new ServerSocket(Integer.parseInt(usual), 1, loopback)) {
      assertThat(taken.isBound()).isTrue();
      String other = Sessions.userInterface("local", "127.0.0.1").get("spark.ui.port");
      assertThat(other).isNotEqualTo(usual).isNotEqualTo("0");
      assertThat(Sessions.userInterface("local", "127.0.0.1"))
          .as("a link to it stays valid after a restart")
          .containsEntry("spark.ui.port", other);
      try (ServerSocket free = new ServerSocket(Integer.parseInt(other), 1, loopback)) {
        assertThat(free.isBound()).isTrue();
      }
    }
  }

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
