namespace Rge.Models.Families;

/// <summary>Windows of an image's merged patches.</summary>
/// <param name="MergedPatches">Index of the merged patch that comes i-th when sorted by window.</param>
/// <param name="Sizes">Merged patches in each window.</param>
internal sealed record PatchWindows(int[] MergedPatches, int[] Sizes);
