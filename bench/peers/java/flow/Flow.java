import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** An order flow as {@code engine/examples/measure/workload.rs} writes it: 32 bytes a message, little-endian. */
final class Flow {
    static final int PLACE = 0;
    static final int TAKE = 1;
    static final int CANCEL = 2;
    static final int MODIFY = 3;
    private static final int BYTES = 32;

    final int messages;
    private final ByteBuffer content;

    private Flow(final ByteBuffer content) {
        this.content = content;
        this.messages = content.capacity() / BYTES;
    }

    static Flow read(final String path) throws IOException {
        return new Flow(ByteBuffer.wrap(Files.readAllBytes(Path.of(path))).order(ByteOrder.LITTLE_ENDIAN));
    }

    int kind(final int message) {
        return content.get(message * BYTES);
    }

    boolean buys(final int message) {
        return content.get(message * BYTES + 1) == 0;
    }

    int account(final int message) {
        return content.getInt(message * BYTES + 4);
    }

    long order(final int message) {
        return content.getLong(message * BYTES + 8);
    }

    long ticks(final int message) {
        return content.getLong(message * BYTES + 16);
    }

    long lots(final int message) {
        return content.getLong(message * BYTES + 24);
    }

    /** The hash of a flow's trades. */
    static final class Trades {
        private long hash = 0xcbf29ce484222325L;
        private long count;

        void add(final long maker, final long taker, final long ticks, final long lots) {
            count++;
            mix(maker);
            mix(taker);
            mix(ticks);
            mix(lots);
        }

        void mix(final long word) {
            hash = (hash ^ word) * 0x100000001b3L;
        }

        String told(final int messages, final long nanos) {
            return String.format(
                "{\"messages\": %d, \"seconds\": %.6f, \"trades\": %d, \"hash\": \"%016x\"}", messages, nanos / 1e9, count, hash);
        }
    }
}
