namespace Rge.Evaluation.Mmeb;

/// <summary>An item that could not be embedded.</summary>
/// <param name="Row">File and row; for a candidate that rows share, the first of them.</param>
/// <param name="Item"><c>query</c> or <c>candidate</c>.</param>
/// <param name="Problem">What is wrong with it.</param>
public sealed record ItemFailure(string Row, string Item, string Problem);
