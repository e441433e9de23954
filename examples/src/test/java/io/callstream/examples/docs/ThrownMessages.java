package io.callstream.examples.docs;

import com.sun.source.tree.BinaryTree;
import com.sun.source.tree.ConditionalExpressionTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.ParenthesizedTree;
import com.sun.source.tree.ReturnTree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Finds the messages of exceptions and warnings in the code, with the compiler's parser. Literal
 * text is unchanged. {@code …} replaces values that are known only at run time.
 *
 * <p>If a message is a variable, its initial value counts. If it is a parameter, the arguments of
 * calls in the same file count. If it is a method call, the return values of the method with that
 * name in the file count.
 */
final class ThrownMessages {
  static final String WARNING = "warning";

  private static final String OPEN = "…";
  private static final Set<String> PLAIN =
      Set.of("IllegalArgumentException", "IncompleteSendException");

  /**
   * A message.
   *
   * @param code the error code; without one, the name of the exception, or {@link #WARNING}
   * @param file the file that contains it
   */
  record Message(String code, String text, String file) {}

  private ThrownMessages() {}

  /** Returns the messages of the sources in some directories. */
  static List<Message> in(List<Path> roots) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    List<Message> messages = new ArrayList<>();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      List<Path> sources = new ArrayList<>();
      for (Path root : roots) {
        try (Stream<Path> found = Files.walk(root)) {
          found.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
        }
      }
      var units = files.getJavaFileObjectsFromPaths(sources);
      JavacTask task = (JavacTask) compiler.getTask(null, files, null, null, null, units);
      task.parse().forEach(unit -> new Sites(messages).scan(unit, null));
    }
    return messages;
  }

  private static final class Sites extends TreePathScanner<Void, Void> {
    private final List<Message> messages;

    Sites(List<Message> messages) {
      this.messages = messages;
    }

    @Override
    public Void visitNewClass(NewClassTree thrown, Void nothing) {
      String type = thrown.getIdentifier().toString();
      List<? extends ExpressionTree> arguments = thrown.getArguments();
      if (type.equals("CallstreamException")) {
        String code = arguments.get(0).toString();
        add(code.substring(code.lastIndexOf('.') + 1), arguments.get(1));
      } else if (PLAIN.contains(type)) {
        // The code of an IncompleteSendException is the first argument, and is one of two.
        add(type, arguments.get(type.startsWith("Illegal") ? 0 : 1));
      }
      return super.visitNewClass(thrown, nothing);
    }

    @Override
    public Void visitMethodInvocation(MethodInvocationTree call, Void nothing) {
      if (call.getMethodSelect().toString().equals("LOG.warn")) {
        add(WARNING, call.getArguments().get(0));
      }
      return super.visitMethodInvocation(call, nothing);
    }

    private void add(String code, ExpressionTree message) {
      String file = getCurrentPath().getCompilationUnit().getSourceFile().getName();
      for (String text : texts(message, true)) {
        String oneLine = text.replace("{}", OPEN).replaceAll("…+", OPEN).replaceAll("\\s+", " ");
        messages.add(new Message(code, oneLine, Path.of(file).getFileName().toString()));
      }
    }

    /** Returns all texts that an expression can result in. */
    private Set<String> texts(ExpressionTree expression, boolean following) {
      if (expression instanceof LiteralTree literal) {
        return Set.of(String.valueOf(literal.getValue()));
      }
      if (expression instanceof ParenthesizedTree inner) {
        return texts(inner.getExpression(), following);
      }
      if (expression instanceof BinaryTree sum) {
        Set<String> texts = new TreeSet<>();
        for (String left : texts(sum.getLeftOperand(), following)) {
          texts(sum.getRightOperand(), following).forEach(right -> texts.add(left + right));
        }
        return texts;
      }
      if (expression instanceof ConditionalExpressionTree choice) {
        Set<String> texts = new TreeSet<>(texts(choice.getTrueExpression(), following));
        texts.addAll(texts(choice.getFalseExpression(), following));
        return texts;
      }
      if (expression instanceof MethodInvocationTree call
          && call.getMethodSelect().toString().endsWith(".format")) {
        return call.getArguments().stream()
            .filter(LiteralTree.class::isInstance)
            .map(format -> String.valueOf(((LiteralTree) format).getValue()))
            .map(format -> Set.of(format.replaceAll("%[,.0-9]*[a-z]", OPEN)))
            .findFirst()
            .orElse(Set.of(OPEN));
      }
      if (expression instanceof MethodInvocationTree call
          && call.getMethodSelect() instanceof MemberSelectTree method
          && method.getIdentifier().contentEquals("formatted")) {
        return formatted(method.getExpression(), call.getArguments(), following);
      }
      if (following && expression instanceof IdentifierTree variable) {
        Set<String> texts = values(variable.getName().toString());
        return texts.isEmpty() ? Set.of(OPEN) : texts;
      }
      if (following
          && expression instanceof MethodInvocationTree call
          && call.getMethodSelect() instanceof IdentifierTree method
          && method.getName().toString().endsWith("Message")) {
        return returned(method.getName().toString());
      }
      return Set.of(OPEN);
    }

    /** Returns the texts of a format whose values are all written as {@code %s}. */
    private Set<String> formatted(
        ExpressionTree format, List<? extends ExpressionTree> values, boolean following) {
      Set<String> texts = texts(format, following);
      for (ExpressionTree value : values) {
        Set<String> filled = new TreeSet<>();
        for (String text : texts) {
          for (String part : texts(value, following)) {
            filled.add(text.replaceFirst("%s", Matcher.quoteReplacement(part)));
          }
        }
        texts = filled;
      }
      return texts;
    }

    private Set<String> returned(String name) {
      Set<String> texts = new TreeSet<>();
      new TreePathScanner<Void, Void>() {
        @Override
        public Void visitReturn(ReturnTree returned, Void nothing) {
          TreePath path = getCurrentPath();
          while (!(path.getLeaf() instanceof MethodTree)) {
            path = path.getParentPath();
          }
          if (((MethodTree) path.getLeaf()).getName().contentEquals(name)) {
            texts.addAll(Sites.this.texts(returned.getExpression(), false));
          }
          return super.visitReturn(returned, nothing);
        }
      }.scan(new TreePath(getCurrentPath().getCompilationUnit()), null);
      return texts;
    }

    private Set<String> values(String variable) {
      TreePath path = getCurrentPath();
      while (path != null && !(path.getLeaf() instanceof MethodTree)) {
        path = path.getParentPath();
      }
      if (path == null) {
        return Set.of();
      }
      MethodTree method = (MethodTree) path.getLeaf();
      List<String> parameters =
          method.getParameters().stream().map(p -> p.getName().toString()).toList();
      return parameters.contains(variable)
          ? passed(method.getName().toString(), parameters.indexOf(variable))
          : initial(path, variable);
    }

    private Set<String> initial(TreePath method, String name) {
      Set<String> texts = new TreeSet<>();
      new TreePathScanner<Void, Void>() {
        @Override
        public Void visitVariable(VariableTree variable, Void nothing) {
          if (variable.getName().contentEquals(name) && variable.getInitializer() != null) {
            texts.addAll(Sites.this.texts(variable.getInitializer(), false));
          }
          return super.visitVariable(variable, nothing);
        }
      }.scan(method, null);
      return texts;
    }

    private Set<String> passed(String method, int parameter) {
      Set<String> texts = new TreeSet<>();
      new TreePathScanner<Void, Void>() {
        @Override
        public Void visitMethodInvocation(MethodInvocationTree call, Void nothing) {
          if (call.getMethodSelect() instanceof IdentifierTree name
              && name.getName().contentEquals(method)
              && call.getArguments().size() > parameter) {
            texts.addAll(Sites.this.texts(call.getArguments().get(parameter), false));
          }
          return super.visitMethodInvocation(call, nothing);
        }
      }.scan(new TreePath(getCurrentPath().getCompilationUnit()), null);
      return texts;
    }
  }
}
