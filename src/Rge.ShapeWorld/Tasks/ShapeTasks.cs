namespace Rge.ShapeWorld.Tasks;

/// <summary>The datasets.</summary>
internal static class ShapeTasks
{
    public static IReadOnlyList<ShapeTask> All { get; } =
    [
        new MajorTask(), new TwinsTask(), new RowTask(),
        new PathTask(), new TraitTask(), new CountTask(),
        new TextToImageTask(), new ImageToTextTask(), new ComposedTask(),
        new CropPathTask(), new CropSameTask(),
    ];
}
