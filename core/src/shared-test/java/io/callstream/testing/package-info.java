/** Contains helpers that the tests of several modules compile. They are not published. */
package io.callstream.testing;
