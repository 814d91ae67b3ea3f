using System.Runtime.InteropServices;

namespace Rge.Training.Objective;

/// <summary>Means over the sampled tokens of a step.</summary>
/// <param name="Loss">What was differentiated: the surrogate, negated, and the weighted divergence.</param>
/// <param name="Divergence">The divergence from the model that the run started from; null where it does not count.</param>
/// <param name="ClipShare">Share of tokens whose ratio was clipped, 0 to 1.</param>
/// <param name="Tokens">Tokens of all sequences, shared ones counted once a sequence.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PolicyTerms(double Loss, double? Divergence, double ClipShare, int Tokens);
