using Rge.Cli.Demo;
using Rge.Imaging;
using Rge.Search;
using Rge.ShapeWorld.Scenes;

namespace Rge.Cli.Tests;

/// <summary>
/// A folder with images of single objects, as the model knows them that comes with the repository, and a place for a store.
/// </summary>
internal sealed class ImageFolder : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rge-pictures-").FullName;

    public ImageFolder() => Directory.CreateDirectory(Images);

    public static string Model { get; } = ShippedModel.Find(named: null, "shapeworld");

    public string Images => Path.Combine(_folder, "pictures");

    public string Store => PathOf("store.db");

    /// <summary>The command line that indexes the images into the store.</summary>
    public string[] Index => ["index", Images, "-m", Model, "--store", Store];

    public string PathOf(string name) => Path.Combine(_folder, name);

    public string Image(string name) => Path.Combine(Images, name);

    /// <summary>Writes an image, another for each number, and returns the id that a collection gives it.</summary>
    public string Write(string name, int number)
    {
        var scene = new Scene([
            new PlacedObject(
                (Cell)(number / ObjectKind.All.Count % 9),
                new SceneObject(ObjectKind.All[number % ObjectKind.All.Count], ObjectSize.Large)
            ),
        ]);
        var bytes = PngEncoder.Encode(SceneRenderer.Render(scene, (ulong)number));
        File.WriteAllBytes(Image(name), bytes);
        return new SearchItem { Images = [bytes] }.Id();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
