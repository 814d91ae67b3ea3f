using Rge.Imaging;
using Rge.ShapeWorld.Scenes;

namespace Rge.Search.Tests;

/// <summary>The small trained model that comes with the repository, and images of the kind that it knows.</summary>
public sealed class ShapeWorldModel : IDisposable
{
    public ReasoningEmbedder Embedder { get; } = Load();

    public static string Root { get; } = Find();

    public static ReasoningEmbedder Load(string name = "shapeworld", ReasoningEmbedderOptions? options = null) =>
        ReasoningEmbedder.Load(Path.Combine(Root, "models", name), options);

    /// <summary>An image of one object; another for each number.</summary>
    public static byte[] Image(int number)
    {
        ObjectKind kind = ObjectKind.All[number % ObjectKind.All.Count];
        var cell = (Cell)(number / ObjectKind.All.Count % 9);
        return PngEncoder.Encode(
            SceneRenderer.Render(new Scene([new PlacedObject(cell, new SceneObject(kind, ObjectSize.Large))]), (ulong)number)
        );
    }

    private static string Find()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at.FullName, "Rge.slnx")))
            at = at.Parent!;
        return at.FullName;
    }

    public void Dispose() => Embedder.Dispose();
}
