package io.callstream.dashboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.callstream.testing.WatchedRun;
import java.net.URI;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

/** What tests of a page in a real browser share: the browser, a run and its dashboard. */
abstract class InBrowser {
  static Browser browser;
  WatchedRun run;
  Dashboard dashboard;

  @BeforeAll
  static void startBrowser() throws Exception {
    String needed = "Chromium is not on the PATH; install it with: apt-get install chromium";
    if ("required".equals(System.getProperty("callstream.browser"))) {
      assertThat(Browser.installed()).as(needed).isPresent();
    }
    assumeTrue(Browser.installed().isPresent(), needed);
    browser = Browser.start();
  }

  @AfterAll
  static void closeBrowser() {
    if (browser != null) {
      browser.close();
      browser = null;
    }
  }

  /** Opens a page of the dashboard. */
  void show(String path) throws Exception {
    browser.open(dashboard.uri().resolve(path));
  }

  @AfterEach
  void stop() throws Exception {
    browser.open(URI.create("about:blank"));
    dashboard.close();
    run.close();
  }
}
