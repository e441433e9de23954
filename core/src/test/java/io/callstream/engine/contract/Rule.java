package io.callstream.engine.contract;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A rule that every engine must follow. The annotated test checks it. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Rule {
  /** Returns the number of the rule: its group and its number in the group, such as 4.2. */
  String number();

  /** Returns the rule, in one or more sentences. */
  String text();

  /** Returns where to look if an engine fails the rule: the rest of a sentence after "Check". */
  String check();
}
