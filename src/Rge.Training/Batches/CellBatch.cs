using Rge.Imaging;

namespace Rge.Training.Batches;

/// <summary>Images whose every merged patch is labelled.</summary>
/// <param name="Images">The images.</param>
/// <param name="Colors">The colour in each merged patch of all images in order; one beyond the last for none.</param>
/// <param name="Shapes">The shape, likewise.</param>
/// <param name="Cells">The cell of the grid; −100, which the loss ignores, in a crop.</param>
internal sealed record CellBatch(IReadOnlyList<PatchedImage> Images, long[] Colors, long[] Shapes, long[] Cells) : StepInput;
