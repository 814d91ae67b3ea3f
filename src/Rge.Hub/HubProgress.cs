namespace Rge.Hub;

/// <summary>News of one file of a download.</summary>
/// <param name="File">The file.</param>
/// <param name="State">What is being done with it.</param>
/// <param name="Bytes">Bytes on disk so far, those of an earlier run included; falls back when a file must be started again.</param>
/// <param name="Problem">The reason and length of the wait, in <see cref="HubFileState.Waiting"/>.</param>
public sealed record HubProgress(HubFile File, HubFileState State, long Bytes, string? Problem = null);
