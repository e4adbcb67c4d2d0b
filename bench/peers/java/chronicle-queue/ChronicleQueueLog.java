import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;

/**
 * Chronicle Queue as a journal: a thread appends the flow's messages, another reads them. Page cache only, as it is meant to be
 * used. There is no matching, so the hash is of the words that were read, and says only that all of them came through.
 */
public final class ChronicleQueueLog {
    private static final int ROUNDS = 3;

    private ChronicleQueueLog() {}

    public static void main(final String[] arguments) throws Exception {
        final Flow flow = Flow.read(arguments[0]);
        String told = "";
        for (int round = 0; round < ROUNDS; round++) { // the last is told: by then the code is compiled
            final Path folder = Files.createTempDirectory(Path.of(arguments[1]), "chronicle");
            told = run(flow, folder);
            remove(folder);
        }
        System.out.println(told);
        System.exit(0);
    }

    private static String run(final Flow flow, final Path folder) throws Exception {
        final Flow.Trades read = new Flow.Trades();
        try (ChronicleQueue queue = ChronicleQueue.single(folder.toString())) {
            final Thread reader = new Thread(() -> readAll(queue, flow.messages, read));
            final long begun = System.nanoTime();
            reader.start();
            appendAll(queue, flow);
            reader.join();
            return read.told(flow.messages, System.nanoTime() - begun);
        }
    }

    private static void appendAll(final ChronicleQueue queue, final Flow flow) {
        try (ExcerptAppender appender = queue.createAppender()) {
            for (int message = 0; message < flow.messages; message++) {
                final int at = message;
                appender.writeBytes(bytes -> {
                    bytes.writeLong(flow.kind(at) | (long) flow.account(at) << 32);
                    bytes.writeLong(flow.order(at));
                    bytes.writeLong(flow.ticks(at));
                    bytes.writeLong(flow.lots(at));
                });
            }
        }
    }

    private static void readAll(final ChronicleQueue queue, final int messages, final Flow.Trades read) {
        try (ExcerptTailer tailer = queue.createTailer()) {
            for (int message = 0; message < messages; ) {
                final boolean found = tailer.readBytes(bytes -> {
                    while (bytes.readRemaining() >= Long.BYTES) {
                        read.mix(bytes.readLong());
                    }
                });
                if (found) {
                    message++;
                } else {
                    Thread.onSpinWait();
                }
            }
        }
    }

    private static void remove(final Path folder) throws Exception {
        try (var paths = Files.walk(folder)) {
            for (final Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
