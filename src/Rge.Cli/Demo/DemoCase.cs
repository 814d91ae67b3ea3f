namespace Rge.Cli.Demo;

/// <summary>A query, answered with reasoning and without.</summary>
/// <param name="Query">The query.</param>
/// <param name="On">The answer after a rationale.</param>
/// <param name="Off">The answer of the baseline, which writes none.</param>
internal sealed record DemoCase(DemoQuery Query, DemoAnswer On, DemoAnswer Off);
