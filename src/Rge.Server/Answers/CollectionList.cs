namespace Rge.Server.Answers;

/// <summary>Collections.</summary>
internal sealed record CollectionList(IReadOnlyList<CollectionAnswer> Collections);
