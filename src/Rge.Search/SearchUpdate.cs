namespace Rge.Search;

/// <summary>A piece of a query's rationale as it is written, or at the end the answer.</summary>
/// <param name="Text">New text; empty in the last update.</param>
/// <param name="Answer">The answer, in the last update; <see langword="null"/> before.</param>
public sealed record SearchUpdate(string Text, SearchAnswer? Answer = null);
