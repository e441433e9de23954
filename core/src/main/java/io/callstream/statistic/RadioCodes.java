package io.callstream.statistic;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** The radio codes with which dispatchers record the disposition of a call. */
public final class RadioCodes {
  private static final JsonFactory JSON = new JsonFactory();

  private RadioCodes() {}

  /** Returns the 19 codes that San Francisco published in 2018. */
  public static CodeTable sanFrancisco() {
    return Holder.SAN_FRANCISCO;
  }

  /**
   * Reads codes from a JSON array of objects with the strings {@code disposition_code} and {@code
   * description}. If a code occurs twice, the last description is used.
   *
   * @throws CallstreamException with {@link ErrorCode#INPUT_FAILED} if the file cannot be read or
   *     does not have this form
   */
  public static CodeTable read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return read(file.toString(), in);
    } catch (IOException e) {
      throw new CallstreamException(
          ErrorCode.INPUT_FAILED,
          ("The radio codes in %s can't be read (%s). Specify a JSON array of objects with"
                  + " disposition_code and description.")
              .formatted(file, e.getMessage()),
          e);
    }
  }

  private static CodeTable read(String name, InputStream in) throws IOException {
    Map<String, String> descriptions = new HashMap<>();
    try (JsonParser json = JSON.createParser(in)) {
      if (json.nextToken() != JsonToken.START_ARRAY) {
        throw new IOException("not a JSON array");
      }
      while (json.nextToken() == JsonToken.START_OBJECT) {
        String code = null;
        String description = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
          String field = json.currentName();
          JsonToken value = json.nextToken();
          if (value == JsonToken.VALUE_STRING && field.equals("disposition_code")) {
            code = json.getText();
          } else if (value == JsonToken.VALUE_STRING && field.equals("description")) {
            description = json.getText();
          }
          json.skipChildren();
        }
        if (code == null || description == null) {
          throw new IOException(
              "disposition_code or description is missing in line "
                  + json.currentLocation().getLineNr());
        }
        descriptions.put(code, description);
      }
      if (json.currentToken() != JsonToken.END_ARRAY) {
        throw new IOException("not an object in line " + json.currentLocation().getLineNr());
      }
      if (json.nextToken() != null) {
        throw new IOException(
            "text follows the array in line " + json.currentLocation().getLineNr());
      }
    }
    return new CodeTable(name, descriptions);
  }

  private static final class Holder {
    static final CodeTable SAN_FRANCISCO = load();

    private static CodeTable load() {
      try (InputStream in = RadioCodes.class.getResourceAsStream("radio_codes.json")) {
        return read("San Francisco radio codes", Objects.requireNonNull(in, "radio_codes.json"));
      } catch (IOException e) {
        throw new CallstreamException(
            ErrorCode.ENVIRONMENT, "radio_codes.json of callstream-core is damaged.", e);
      }
    }
  }
}
