namespace Rge.Models.Inference;

/// <summary>One sequence's new tokens inside a packed batch.</summary>
/// <param name="Slot">Row of the KV cache it belongs to; 0 without a cache.</param>
/// <param name="Start">Index of its first new token among the packed tokens.</param>
/// <param name="Length">Number of its new tokens.</param>
/// <param name="Past">Tokens of it that the cache holds already.</param>
internal readonly record struct SequenceSpan(int Slot, int Start, int Length, int Past);
