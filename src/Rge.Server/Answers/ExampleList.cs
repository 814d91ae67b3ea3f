namespace Rge.Server.Answers;

/// <summary>Queries to try.</summary>
internal sealed record ExampleList(IReadOnlyList<ExampleQuery> Examples);
