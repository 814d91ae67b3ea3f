namespace Rge.Server.Answers;

/// <summary>Items.</summary>
internal sealed record ItemList(IReadOnlyList<ItemAnswer> Items);
