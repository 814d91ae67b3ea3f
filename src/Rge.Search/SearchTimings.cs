using System.Runtime.InteropServices;

namespace Rge.Search;

/// <summary>How the time of a query was spent.</summary>
/// <param name="Reason">Writing the rationale; zero without one.</param>
/// <param name="Embed">Everything else up to the embedding: decoding images, waiting for the model, reading the prompt.</param>
/// <param name="Search">Finding the nearest records in the store.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SearchTimings(TimeSpan Reason, TimeSpan Embed, TimeSpan Search);
