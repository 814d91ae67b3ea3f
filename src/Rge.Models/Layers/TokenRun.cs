namespace Rge.Models.Layers;

/// <summary>A run of packed tokens that follow each other in one sequence.</summary>
/// <param name="Start">Index of its first token among the packed tokens.</param>
/// <param name="Length">Number of its tokens.</param>
/// <param name="Parent">Index of the run, further in front, whose last token comes before; −1 where none of the pass does.</param>
/// <param name="Slot">Slot of the states that hold its sequence and are extended by it; −1 without states.</param>
/// <param name="Past">Tokens that its slot holds already; 0 where it starts from nothing.</param>
internal readonly record struct TokenRun(int Start, int Length, int Parent = -1, int Slot = -1, int Past = 0);
