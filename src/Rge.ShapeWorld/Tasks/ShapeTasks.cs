namespace Rge.ShapeWorld.Tasks;

/// <summary>The datasets.</summary>
internal static class ShapeTasks
{
    /// <summary>The eleven datasets of the benchmark: what is meant where no dataset is named.</summary>
    public static IReadOnlyList<ShapeTask> All { get; } =
    [
        new MajorTask(),
        new TwinsTask(),
        new RowTask(),
        new PathTask(),
        new TraitTask(),
        new CountTask(),
        new TextToImageTask(),
        new ImageToTextTask(),
        new ComposedTask(),
        new CropPathTask(),
        new CropSameTask(),
    ];

    /// <summary>The datasets whose targets take more than the words of a rationale.</summary>
    public static IReadOnlyList<BeyondWordsTask> BeyondWords { get; } = [new TwinTask(), new AspectTask(), new CropTwinTask()];

    /// <summary>Every dataset. The number of each decides what a seed draws for it: new ones come last.</summary>
    public static IReadOnlyList<ShapeTask> Every { get; } = [.. All, .. BeyondWords];
}
