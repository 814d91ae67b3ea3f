using System.Globalization;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace Rge.Models.Checkpoints;

/// <summary>Replaces the weights of a folder so that at every moment either all old or all new ones can be read.</summary>
/// <remarks>
/// Readers take model.safetensors where it is, else the index. Hence one step decides which weights they see, a rename or a deletion:
/// <list type="bullet">
/// <item>to one file, from anything: renaming model.safetensors into place, which hides an index;</item>
/// <item>from shards to shards: renaming the index into place, the new shards having other file names than the old;</item>
/// <item>from one file to shards: deleting model.safetensors, after shards and index are complete.</item>
/// </list>
/// What the old weights leave is deleted after that.
/// </remarks>
/// <param name="folder">The folder.</param>
/// <param name="progress">Receives the bytes written.</param>
/// <param name="cancellation">Stops the writing until the deciding step.</param>
/// <param name="observer">Called after every change to the folder; for tests.</param>
internal sealed partial class CheckpointWriter(
    string folder,
    IProgress<long>? progress,
    CancellationToken cancellation,
    Action? observer = null
) : IProgress<long>
{
    private static readonly Dictionary<string, string> Metadata = new(StringComparer.Ordinal) { ["format"] = "pt" };

    private readonly string _single = Path.Combine(folder, Checkpoint.SingleFile);
    private readonly string _index = Path.Combine(folder, Checkpoint.IndexFile);
    private long _before,
        _written;

    public void Write(IReadOnlyDictionary<string, Tensor> tensors, WeightNaming naming, long maxShardBytes)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxShardBytes);
        var named = new SortedDictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (name, tensor) in tensors)
            if (!named.TryAdd(WeightNames.As(name, naming), tensor))
                throw new ArgumentException($"Tensor {name} is given under both of its names.", nameof(tensors));
        var shards = Split(named, maxShardBytes);
        try
        {
            Directory.CreateDirectory(folder);
            if (shards.Count == 1)
                WriteSingle(shards[0]);
            else
                WriteShards(shards);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"The checkpoint {folder} cannot be written: {e.Message}", e);
        }
    }

    private static List<Dictionary<string, Tensor>> Split(SortedDictionary<string, Tensor> tensors, long maxShardBytes)
    {
        var shards = new List<Dictionary<string, Tensor>> { new(StringComparer.Ordinal) };
        var used = 0L;
        foreach (var (name, tensor) in tensors)
        {
            var bytes = SafetensorsWriter.DataBytes(name, tensor);
            if (used > 0 && used + bytes > maxShardBytes)
            {
                shards.Add(new(StringComparer.Ordinal));
                used = 0;
            }
            shards[^1].Add(name, tensor);
            used += bytes;
        }
        return shards;
    }

    private void WriteSingle(Dictionary<string, Tensor> tensors)
    {
        WriteFile(_single, tensors);
        Delete(_index);
        DeleteShardsBut([]);
    }

    private void WriteShards(List<Dictionary<string, Tensor>> shards)
    {
        var names = FreeShardNames(shards.Count);
        var placed = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            for (var i = 0; i < shards.Count; i++)
            {
                WriteFile(Path.Combine(folder, names[i]), shards[i]);
                foreach (var tensor in shards[i].Keys)
                    placed.Add(tensor, names[i]);
            }
            cancellation.ThrowIfCancellationRequested();
            ShardIndex.Write(_index, placed, _written);
            observer?.Invoke();
        }
        catch
        {
            foreach (var name in names)
                File.Delete(Path.Combine(folder, name));
            throw;
        }
        Delete(_single);
        DeleteShardsBut(names);
    }

    private void WriteFile(string path, Dictionary<string, Tensor> tensors)
    {
        _before = _written;
        SafetensorsWriter.Write(path, tensors, Metadata, this, cancellation);
        observer?.Invoke();
    }

    /// <summary>The usual names, or numbered ones if any of those is taken: shards of the old index must not be overwritten.</summary>
    private string[] FreeShardNames(int count)
    {
        for (var attempt = 1; ; attempt++)
        {
            var tag = attempt == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"-{attempt}");
            var names = Enumerable
                .Range(1, count)
                .Select(i => string.Create(CultureInfo.InvariantCulture, $"model{tag}-{i:00000}-of-{count:00000}.safetensors"))
                .ToArray();
            if (!names.Any(name => File.Exists(Path.Combine(folder, name))))
                return names;
        }
    }

    private void DeleteShardsBut(string[] kept)
    {
        foreach (var path in Directory.GetFiles(folder, "model*"))
            if (Path.GetFileName(path) is var name && Leftover.IsMatch(name) && !kept.Contains(name))
                Delete(path);
    }

    private void Delete(string path)
    {
        if (!File.Exists(path))
            return;
        File.Delete(path);
        observer?.Invoke();
    }

    /// <summary>Shards of an earlier save, and what a killed process did not get to rename.</summary>
    [GeneratedRegex(
        @"^model(-\d+)?-\d{5}-of-\d{5}\.safetensors(\.[0-9a-f]{32}\.part)?$|^model\.safetensors(\.index\.json)?\.[0-9a-f]{32}\.part$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Leftover { get; }

    /// <summary>Told the bytes of the current file.</summary>
    void IProgress<long>.Report(long value)
    {
        _written = _before + value;
        progress?.Report(_written);
    }
}
