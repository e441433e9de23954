package consumer;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** A web application that counts calls beside its other work. */
@SpringBootApplication
public class CallsApplication {
  /** Starts it. */
  public static void main(String[] args) {
    SpringApplication.run(CallsApplication.class, args);
  }
}
