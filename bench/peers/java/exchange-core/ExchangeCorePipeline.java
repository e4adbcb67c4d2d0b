import exchange.core2.core.ExchangeApi;
import exchange.core2.core.ExchangeCore;
import exchange.core2.core.common.CoreSymbolSpecification;
import exchange.core2.core.common.CoreWaitStrategy;
import exchange.core2.core.common.MatcherEventType;
import exchange.core2.core.common.MatcherTradeEvent;
import exchange.core2.core.common.OrderAction;
import exchange.core2.core.common.OrderType;
import exchange.core2.core.common.SymbolType;
import exchange.core2.core.common.api.ApiAddUser;
import exchange.core2.core.common.api.ApiAdjustUserBalance;
import exchange.core2.core.common.api.ApiCancelOrder;
import exchange.core2.core.common.api.ApiCommand;
import exchange.core2.core.common.api.ApiMoveOrder;
import exchange.core2.core.common.api.ApiPlaceOrder;
import exchange.core2.core.common.api.binary.BatchAddSymbolsCommand;
import exchange.core2.core.common.cmd.CommandResultCode;
import exchange.core2.core.common.cmd.OrderCommand;
import exchange.core2.core.common.config.ExchangeConfiguration;
import exchange.core2.core.common.config.PerformanceConfiguration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/** exchange-core as a whole, with its risk engine and ring buffers; blocking waits, since there are two cores. No journal. */
public final class ExchangeCorePipeline {
    private static final int ROUNDS = 3;
    private static final int SYMBOL = 1;
    private static final int BASE = 1;
    private static final int QUOTE = 2;
    private static final int ACCOUNTS = 1_000;
    private static final int FIRST_ACCOUNT = 3;
    private static final long FUNDS = 1L << 52;
    private static final long RESERVE = 200_000;

    private ExchangeCorePipeline() {}

    public static void main(final String[] arguments) throws Exception {
        int status = 1;
        try {
            final Flow flow = Flow.read(arguments[0]);
            String told = "";
            for (int round = 0; round < ROUNDS; round++) { // the last is told: by then the code is compiled
                told = run(flow);
            }
            System.out.println(told);
            status = 0;
        } catch (final Throwable failure) {
            System.err.println(failure);
        }
        System.exit(status); // its threads would keep the process
    }

    private static String run(final Flow flow) throws Exception {
        final Flow.Trades trades = new Flow.Trades();
        final CountDownLatch[] waiting = {new CountDownLatch(0)};
        final ExchangeCore core = ExchangeCore.builder()
            .resultsConsumer((command, sequence) -> {
                tell(command, trades);
                waiting[0].countDown();
            })
            .exchangeConfiguration(ExchangeConfiguration.defaultBuilder()
                .performanceCfg(PerformanceConfiguration.baseBuilder()
                    .ringBufferSize(1 << 16)
                    .waitStrategy(CoreWaitStrategy.BLOCKING)
                    .build())
                .build())
            .build();
        core.startup();
        final ExchangeApi api = core.getApi();
        open(api);
        final ApiCommand[] commands = new ApiCommand[flow.messages];
        for (int message = 0; message < flow.messages; message++) {
            commands[message] = command(flow, message);
        }
        waiting[0] = new CountDownLatch(flow.messages);
        final long begun = System.nanoTime();
        for (final ApiCommand command : commands) {
            api.submitCommand(command);
        }
        waiting[0].await();
        final long took = System.nanoTime() - begun;
        core.shutdown();
        return trades.told(flow.messages, took);
    }

    private static void open(final ExchangeApi api) throws Exception {
        api.submitBinaryDataAsync(new BatchAddSymbolsCommand(CoreSymbolSpecification.builder()
            .symbolId(SYMBOL).type(SymbolType.CURRENCY_EXCHANGE_PAIR).baseCurrency(BASE).quoteCurrency(QUOTE)
            .baseScaleK(1).quoteScaleK(1).takerFee(0).makerFee(0).build())).get();
        // One after another each would wait for every thread of the pipeline to be woken, which takes minutes on two busy cores.
        final List<CompletableFuture<CommandResultCode>> answers = new ArrayList<>();
        for (long user = FIRST_ACCOUNT; user < FIRST_ACCOUNT + ACCOUNTS; user++) {
            answers.add(api.submitCommandAsync(ApiAddUser.builder().uid(user).build()));
            for (final int currency : new int[] {BASE, QUOTE}) {
                answers.add(api.submitCommandAsync(ApiAdjustUserBalance.builder()
                    .uid(user).currency(currency).amount(FUNDS).transactionId(currency).build()));
            }
        }
        for (final CompletableFuture<CommandResultCode> answer : answers) {
            if (answer.get() != CommandResultCode.SUCCESS) {
                throw new IllegalStateException("an account was not opened: " + answer.get());
            }
        }
    }

    private static ApiCommand command(final Flow flow, final int message) {
        final long order = flow.order(message);
        final int account = flow.account(message);
        return switch (flow.kind(message)) {
            case Flow.CANCEL -> ApiCancelOrder.builder().orderId(order).uid(account).symbol(SYMBOL).build();
            case Flow.MODIFY ->
                ApiMoveOrder.builder().orderId(order).uid(account).symbol(SYMBOL).newPrice(flow.ticks(message)).build();
            default -> ApiPlaceOrder.builder()
                .orderId(order).uid(account).symbol(SYMBOL).price(flow.ticks(message)).reservePrice(RESERVE)
                .size(flow.lots(message)).action(flow.buys(message) ? OrderAction.BID : OrderAction.ASK)
                .orderType(flow.kind(message) == Flow.TAKE ? OrderType.IOC : OrderType.GTC).build();
        };
    }

    private static void tell(final OrderCommand command, final Flow.Trades trades) {
        for (MatcherTradeEvent event = command.matcherEvent; event != null; event = event.nextEvent) {
            if (event.eventType == MatcherEventType.TRADE) {
                trades.add(event.matchedOrderId, command.orderId, event.price, event.size);
            }
        }
    }
}
