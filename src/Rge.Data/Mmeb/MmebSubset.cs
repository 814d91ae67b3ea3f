namespace Rge.Data.Mmeb;

/// <summary>A subset as it lies on the disk, not read yet.</summary>
/// <param name="Name">Its name, which is that of its folder.</param>
/// <param name="Group">The meta-task it belongs to.</param>
/// <param name="Files">Its files, with consecutive rows; at least one.</param>
public sealed record MmebSubset(string Name, string Group, IReadOnlyList<string> Files);
