import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Component, type ErrorInfo, type ReactElement, type ReactNode, Suspense, lazy } from "react";
import { Link, Redirect, Route, Switch } from "wouter";
import { MARKETS } from "./api/queries";
import { ApiProblem } from "./api/rest";
import { Layout } from "./shell/layout";
import { Empty, Loading } from "./ui/panel";

const Dashboard = lazy(() => import("./screens/dashboard"));
const Market = lazy(() => import("./screens/market"));
const Provider = lazy(() => import("./screens/provider"));
const Stability = lazy(() => import("./screens/stability"));
const Proofs = lazy(() => import("./screens/proofs"));
const Operations = lazy(() => import("./screens/operations"));
const Account = lazy(() => import("./screens/account"));

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) => !(error instanceof ApiProblem && error.status < 500) && failures < 3,
    },
  },
});

// Whoever shows them says so if they cannot be read.
client.query(MARKETS).catch(() => undefined);

export function App(): ReactElement {
  return (
    <QueryClientProvider client={client}>
      <Layout>
        <Boundary>
          <Suspense fallback={<Loading />}>
            <Switch>
              <Route path="/" component={Dashboard} />
              <Route path="/dashboard/:part" component={Dashboard} />
              <Route path="/market" component={Market} />
              <Route path="/market/:symbol" component={Market} />
              <Route path="/provider/:part?" component={Provider} />
              <Route path="/stability/:part?" component={Stability} />
              <Route path="/proofs/:part?" component={Proofs} />
              <Route path="/operations" component={Operations} />
              <Route path="/account/:part?" component={Account} />
              <Route path="/index.html">
                <Redirect to="/" />
              </Route>
              <Route>
                <Empty title="There is no such page">
                  <Link href="/">To the dashboard</Link>
                </Empty>
              </Route>
            </Switch>
          </Suspense>
        </Boundary>
      </Layout>
    </QueryClientProvider>
  );
}

interface BoundaryState {
  readonly error: Error | null;
}

/** A mistake in one page leaves the rest of the console usable. */
class Boundary extends Component<{ children: ReactNode }, BoundaryState> {
  override state: BoundaryState = { error: null };

  static getDerivedStateFromError(error: Error): BoundaryState {
    return { error };
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error(error, info.componentStack);
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <Empty title="This page made a mistake">
        <p>{this.state.error.message}</p>
        <button type="button" className="button" onClick={() => this.setState({ error: null })}>
          Try again
        </button>
      </Empty>
    );
  }
}
