package consumer;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
public class CallsApplication {
  public static void main(String[] args) {
    SpringApplication.run(CallsApplication.class, args);
  }
}
