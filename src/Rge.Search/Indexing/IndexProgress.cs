namespace Rge.Search.Indexing;

/// <summary>The progress of indexing.</summary>
/// <param name="Done">Files or rows that are done.</param>
/// <param name="Total">Files or rows of the source.</param>
/// <param name="Stored">Names of those that this step has stored durably.</param>
/// <param name="Remark">What is being waited for; <see langword="null"/> for nothing.</param>
public sealed record IndexProgress(int Done, int Total, IReadOnlyList<string> Stored, string? Remark = null);
