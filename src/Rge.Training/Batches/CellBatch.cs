using Rge.Imaging;

namespace Rge.Training.Batches;

/// <summary>Pictures whose every merged patch is labelled, for <see cref="Settings.TrainingTask.Cells"/>.</summary>
/// <param name="Images">The pictures.</param>
/// <param name="Colors">The colour in each merged patch of all pictures in order; one beyond the last for none.</param>
/// <param name="Shapes">The shape, likewise.</param>
/// <param name="Places">The cell of the grid; −100, which the loss ignores, in a crop.</param>
internal sealed record CellBatch(IReadOnlyList<PatchedImage> Images, long[] Colors, long[] Shapes, long[] Places);
