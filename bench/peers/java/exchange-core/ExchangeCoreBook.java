import exchange.core2.collections.objpool.ObjectsPool;
import exchange.core2.core.common.CoreSymbolSpecification;
import exchange.core2.core.common.MatcherEventType;
import exchange.core2.core.common.MatcherTradeEvent;
import exchange.core2.core.common.OrderAction;
import exchange.core2.core.common.OrderType;
import exchange.core2.core.common.SymbolType;
import exchange.core2.core.common.cmd.OrderCommand;
import exchange.core2.core.common.config.LoggingConfiguration;
import exchange.core2.core.orderbook.IOrderBook;
import exchange.core2.core.orderbook.OrderBookDirectImpl;
import exchange.core2.core.orderbook.OrderBookEventsHelper;

/** exchange-core's order book alone, driven directly: the fair comparison of one core with one core. */
public final class ExchangeCoreBook {
    private static final int ROUNDS = 3;
    private static final long RESERVE = 1_000_000_000_000L;

    private ExchangeCoreBook() {}

    public static void main(final String[] arguments) throws Exception {
        final Flow flow = Flow.read(arguments[0]);
        String told = "";
        for (int round = 0; round < ROUNDS; round++) { // the last is told: by then the code is compiled
            told = run(flow);
        }
        System.out.println(told);
    }

    private static String run(final Flow flow) {
        final IOrderBook book = new OrderBookDirectImpl(
            CoreSymbolSpecification.builder().symbolId(1).type(SymbolType.CURRENCY_EXCHANGE_PAIR).build(),
            ObjectsPool.createDefaultTestPool(), OrderBookEventsHelper.NON_POOLED_EVENTS_HELPER, LoggingConfiguration.DEFAULT);
        final Flow.Trades trades = new Flow.Trades();
        final OrderCommand command = new OrderCommand();
        final long begun = System.nanoTime();
        for (int message = 0; message < flow.messages; message++) {
            perform(book, command, flow, message);
            for (MatcherTradeEvent event = command.matcherEvent; event != null; event = event.nextEvent) {
                if (event.eventType == MatcherEventType.TRADE) {
                    trades.add(event.matchedOrderId, command.orderId, event.price, event.size);
                }
            }
        }
        return trades.told(flow.messages, System.nanoTime() - begun);
    }

    private static void perform(final IOrderBook book, final OrderCommand command, final Flow flow, final int message) {
        command.matcherEvent = null;
        command.orderId = flow.order(message);
        command.uid = command.orderId; // an order of another user may not be touched, and one's own is not traded with
        command.price = flow.ticks(message);
        switch (flow.kind(message)) {
            case Flow.CANCEL -> book.cancelOrder(command);
            case Flow.MODIFY -> book.moveOrder(command);
            default -> {
                command.size = flow.lots(message);
                command.reserveBidPrice = RESERVE;
                command.action = flow.buys(message) ? OrderAction.BID : OrderAction.ASK;
                command.orderType = flow.kind(message) == Flow.TAKE ? OrderType.IOC : OrderType.GTC;
                book.newOrder(command);
            }
        }
    }
}
