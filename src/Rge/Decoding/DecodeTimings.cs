using System.Runtime.InteropServices;

namespace Rge;

/// <summary>Where the time of one item went. Steps are shared by the items of a batch, so times of items do not add up.</summary>
/// <param name="Waiting">From submission until its prompt was read.</param>
/// <param name="Prefill">Reading of the prompt, vision tower included.</param>
/// <param name="Decoding">From there until the embedding's hidden state; zero without a rationale.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DecodeTimings(TimeSpan Waiting, TimeSpan Prefill, TimeSpan Decoding);
