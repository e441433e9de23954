package io.callstream.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/**
 * Verifies that all public and protected declarations of the libraries have a comment. Doclint
 * would also require tags that repeat the first sentence.
 */
class JavadocTest {
  /** The source directories of the published modules. The test excludes internal packages below. */
  private static final List<String> LIBRARIES =
      List.of(
          "core/src/main/java",
          "spark-engine/src/main/java",
          "kafka-producer/src/main/java",
          "dashboard/src/main/java",
          "spring-boot-starter/src/main/java");

  @Test
  void allThatIsPublicHasAComment() throws IOException {
    List<String> gaps = new ArrayList<>();
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      List<Path> sources = new ArrayList<>();
      for (String library : LIBRARIES) {
        try (Stream<Path> found = Files.walk(DocumentationPage.ROOT.resolve(library))) {
          found
              .filter(file -> file.toString().endsWith(".java"))
              .filter(file -> !file.toString().contains("/callstream/internal/"))
              .forEach(sources::add);
        }
      }
      var units = files.getJavaFileObjectsFromPaths(sources);
      JavacTask task = (JavacTask) compiler.getTask(null, files, null, null, null, units);
      Comments comments = new Comments(DocTrees.instance(task), gaps);
      task.parse().forEach(unit -> comments.scan(unit, null));
      assertThat(packagesOf(sources))
          .allSatisfy(directory -> assertThat(directory.resolve("package-info.java")).exists());
    }
    assertThat(gaps).isEmpty();
  }

  private static Set<Path> packagesOf(List<Path> sources) {
    return Set.copyOf(sources.stream().map(Path::getParent).toList());
  }

  private static final class Comments extends TreePathScanner<Void, Void> {
    private final DocTrees docs;
    private final List<String> gaps;

    Comments(DocTrees docs, List<String> gaps) {
      this.docs = docs;
      this.gaps = gaps;
    }

    @Override
    public Void visitClass(ClassTree type, Void nothing) {
      if (!isOpen(type.getModifiers())) {
        return null;
      }
      require(type.getSimpleName().toString(), type.getModifiers());
      return super.visitClass(type, nothing);
    }

    @Override
    public Void visitMethod(MethodTree method, Void nothing) {
      boolean overrides = method.getModifiers().getAnnotations().toString().contains("@Override");
      if (isOpen(method.getModifiers()) && !overrides && !isGenerated(method)) {
        require(method.getName().toString(), method.getModifiers());
      }
      return null;
    }

    @Override
    public Void visitVariable(VariableTree field, Void nothing) {
      if (isOpen(field.getModifiers())) {
        require(field.getName().toString(), field.getModifiers());
      }
      return null;
    }

    /**
     * Returns whether dependents can see a declaration. Members of an interface are implicitly
     * public.
     */
    private boolean isOpen(ModifiersTree modifiers) {
      Set<Modifier> flags = modifiers.getFlags();
      Tree parent = getCurrentPath().getParentPath().getLeaf();
      return flags.contains(Modifier.PUBLIC)
          || flags.contains(Modifier.PROTECTED)
          || (parent.getKind() == Tree.Kind.INTERFACE && !flags.contains(Modifier.PRIVATE));
    }

    private boolean isGenerated(MethodTree method) {
      TreePath path = getCurrentPath();
      return docs.getSourcePositions().getEndPosition(path.getCompilationUnit(), method) < 0;
    }

    private void require(String name, ModifiersTree modifiers) {
      if (docs.getDocComment(getCurrentPath()) == null) {
        String file = getCurrentPath().getCompilationUnit().getSourceFile().getName();
        gaps.add(Path.of(file).getFileName() + ": " + modifiers.getFlags() + " " + name);
      }
    }
  }
}
