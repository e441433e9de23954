package consumer;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** A web application that also counts calls. */
@SpringBootApplication
public class CallsApplication {
  /** Starts the application. */
  public static void main(String[] args) {
    SpringApplication.run(CallsApplication.class, args);
  }
}
