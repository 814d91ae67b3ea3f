using System.Text.Json.Nodes;
using Rge.Files;

namespace Rge.Models.Checkpoints;

/// <summary>The index of a checkpoint in several files: which file holds which tensor.</summary>
internal static class ShardIndex
{
    private const string Map = "weight_map";

    /// <summary>Reads an index: file names, without a folder, by the tensor's name in the file.</summary>
    /// <exception cref="CheckpointException">The index cannot be read, or names a file elsewhere.</exception>
    public static IReadOnlyDictionary<string, string> Read(string path) => JsonFile.ReadConfig(path, index => Files(index[Map]));

    private static Dictionary<string, string> Files(JsonField map)
    {
        if (!map.IsObject)
            throw map.Error("is missing or not an object");
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (tensor, file) in map.Members())
        {
            if (!file.IsText || !IsPlainName(file.Text()))
                throw map.Error($"places {tensor} in {file.Show()}, expected a .safetensors file of the same folder");
            files.Add(tensor, file.Text());
        }
        return files.Count > 0 ? files : throw map.Error("is empty");
    }

    public static void Write(string path, IEnumerable<KeyValuePair<string, string>> files, long totalBytes) =>
        AtomicFile.WriteJson(
            path,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["total_size"] = totalBytes },
                [Map] = new JsonObject(
                    files.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => KeyValuePair.Create(f.Key, (JsonNode?)f.Value))
                ),
            }
        );

    /// <summary>Whether the name stays within its folder, on any system.</summary>
    private static bool IsPlainName(string file) =>
        file.EndsWith(".safetensors", StringComparison.Ordinal)
        && !file.AsSpan().ContainsAny('/', '\\', ':')
        && !file.Contains('\0', StringComparison.Ordinal);
}
