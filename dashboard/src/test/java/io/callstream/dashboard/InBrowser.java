package io.callstream.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.testing.WatchedRun;
import java.net.URI;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

/** What tests of a page in a real browser share: the browser, a run and its dashboard. */
abstract class InBrowser {
  static final int TAB = 9;
  static Browser browser;
  WatchedRun run;
  Dashboard dashboard;

  @BeforeAll
  static void startBrowser() throws Exception {
    browser = Browser.startIfInstalled();
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

  /**
   * Checks that the Tab key reaches each control. Arrow keys move in a grid and between the
   * elements of a group, of which the Tab key reaches one.
   *
   * @param least the minimum number of controls
   */
  static void reachesAllControls(int least) throws Exception {
    browser.evaluate(
        """
        (() => {
          window.left = new Set([...document.querySelectorAll('body *')].filter(e => e.checkVisibility()
            && (e.matches('a[href], button, input, select, summary, [tabindex="0"]')
              || (e.onclick && !e.closest('[role=grid], svg[role=group]')))));
        })()
        """);
    int controls = browser.evaluate("left.size").asInt();
    assertThat(controls).isGreaterThanOrEqualTo(least);
    for (int i = 0; i < 3 * controls && browser.evaluate("left.size").asInt() > 0; i++) {
      browser.press("Tab", TAB);
      browser.evaluate("left.delete(document.activeElement)");
    }
    assertThat(browser.evaluate("[...left].map(e => e.outerHTML)")).isEmpty();
  }

  @AfterEach
  void stop() throws Exception {
    browser.open(URI.create("about:blank"));
    dashboard.close();
    run.close();
  }
}
