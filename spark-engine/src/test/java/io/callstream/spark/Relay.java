package io.callstream.spark;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Forwards connections on loopback to a server. It can act, or cut, in the middle of a request. */
final class Relay implements AutoCloseable {
  private static final Runnable NOTHING = () -> {};

  private final ServerSocket clients;
  private final InetSocketAddress server;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private volatile boolean cut;
  private long bytesLeft = Long.MAX_VALUE;
  private Runnable then = NOTHING;

  Relay(InetSocketAddress server) {
    this.server = server;
    try {
      clients = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    start(this::accept);
  }

  int port() {
    return clients.getLocalPort();
  }

  private static void start(Runnable work) {
    Thread thread = new Thread(work, "relay");
    thread.setDaemon(true);
    thread.start();
  }

  /** Runs an action once, when clients have sent this number of bytes from now on. */
  synchronized void after(long bytes, Runnable action) {
    bytesLeft = bytes;
    then = action;
  }

  /** Ends all connections, and rejects others. */
  void cut() {
    cut = true;
    open.forEach(Relay::end);
  }

  void restore() {
    cut = false;
  }

  private void accept() {
    while (!clients.isClosed()) {
      try {
        Socket client = clients.accept();
        if (cut) {
          end(client);
          continue;
        }
        Socket target = new Socket(server.getAddress(), server.getPort());
        open.add(client);
        open.add(target);
        start(() -> forward(client, target, true));
        start(() -> forward(target, client, false));
      } catch (IOException e) {
        // The relay was closed, or a client has gone.
      }
    }
  }

  private void forward(Socket from, Socket to, boolean counted) {
    byte[] bytes = new byte[1 << 13];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
        int first = counted ? beforeAction(read) : read;
        out.write(bytes, 0, first);
        if (first < read) {
          action().run();
          if (!cut) {
            out.write(bytes, first, read - first);
          }
        }
      }
    } catch (IOException e) {
      // One side has gone.
    } finally {
      open.remove(from);
      open.remove(to);
    }
  }

  private synchronized int beforeAction(int bytes) {
    if (bytesLeft >= bytes) {
      bytesLeft -= bytesLeft == Long.MAX_VALUE ? 0 : bytes;
      return bytes;
    }
    int first = (int) bytesLeft;
    bytesLeft = Long.MAX_VALUE;
    return first;
  }

  private synchronized Runnable action() {
    Runnable action = then;
    then = NOTHING;
    return action;
  }

  private static void end(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    clients.close();
    cut();
  }
}
