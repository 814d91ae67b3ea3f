using System.Text.Json;
using Rge.Files;
using Rge.Models;
using Rge.Models.Checkpoints;
using static TorchSharp.torch;

namespace Rge.Verification;

/// <summary>A folder of reference vectors. What it lacks reads as empty.</summary>
internal sealed class ReferenceFolder : IDisposable
{
    private readonly SafetensorsFile? _activations;
    private readonly SafetensorsFile? _patches;

    /// <exception cref="CheckpointException">A file is malformed.</exception>
    public ReferenceFolder(string folder)
    {
        if (FileProblem.OfFolder(folder) is { } problem)
            throw new CheckpointException(problem);
        Folder = folder;
        var cases = Json("cases.json");
        HasModel = Directory.Exists(ModelFolder);
        if (cases is { ValueKind: JsonValueKind.Object } root)
        {
            Queries = ReferenceCase.Read(root, "queries", ItemRole.Query, ImageFolder);
            Targets = ReferenceCase.Read(root, "targets", ItemRole.Target, ImageFolder);
            Root = root;
        }
        try
        {
            _activations = Open("activations.safetensors");
            _patches = Open("image_patches.safetensors");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Folder { get; }

    public string ModelFolder => Path.Combine(Folder, "model");

    public string ImageFolder => Path.Combine(Folder, "images");

    /// <summary>False for a folder with tokenizer files and cases alone.</summary>
    public bool HasModel { get; }

    /// <summary>The model's configuration; null without a model.</summary>
    /// <exception cref="CheckpointException">It cannot be used.</exception>
    public QwenVlConfig? Config => HasModel ? QwenVlConfig.Load(ModelFolder) : null;

    /// <summary>The object in cases.json; null where that is a list of texts.</summary>
    public JsonElement? Root { get; }

    public IReadOnlyList<ReferenceCase> Queries { get; } = [];

    public IReadOnlyList<ReferenceCase> Targets { get; } = [];

    public IEnumerable<ReferenceCase> Cases => Queries.Concat(Targets);

    public bool Has(string file) => File.Exists(PathOf(file));

    public string PathOf(string file) => Path.Combine(Folder, file);

    /// <summary>A JSON file of the folder; null where it does not exist.</summary>
    public JsonElement? Json(string file)
    {
        if (!Has(file))
            return null;
        using var document = JsonDocument.Parse(FileReader.ReadBytes(PathOf(file)));
        return document.RootElement.Clone();
    }

    /// <summary>A tensor of activations.safetensors; null where it does not exist.</summary>
    public float[]? Activation(string name) => Values(_activations, name);

    /// <summary>An image's patches as the reference has cut them; null where they do not exist.</summary>
    public float[]? Patches(string image) => Values(_patches, image);

    private static float[]? Values(SafetensorsFile? file, string name)
    {
        if (file?.Contains(name) != true)
            return null;
        using var values = file.Read(name, ScalarType.Float32);
        return values.data<float>().ToArray();
    }

    private SafetensorsFile? Open(string file) => Has(file) ? SafetensorsFile.Open(PathOf(file)) : null;

    public void Dispose()
    {
        _activations?.Dispose();
        _patches?.Dispose();
    }
}
