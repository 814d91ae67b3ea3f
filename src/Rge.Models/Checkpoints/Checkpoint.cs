using Rge.Files;
using static TorchSharp.torch;

namespace Rge.Models.Checkpoints;

/// <summary>
/// The weights of a checkpoint folder in the Hugging Face layout: <c>model.safetensors</c>, or else the shards that
/// <c>model.safetensors.index.json</c> lists. Tensors go by their canonical names, whichever naming the files use.
/// </summary>
/// <remarks>Thread-safe, <see cref="Dispose"/> aside. What holds for an open <see cref="SafetensorsFile"/> holds here.</remarks>
public sealed class Checkpoint : IDisposable
{
    /// <summary>File name of a checkpoint in one file.</summary>
    public const string SingleFile = "model.safetensors";

    /// <summary>File name of the index of a checkpoint in several files.</summary>
    public const string IndexFile = "model.safetensors.index.json";

    /// <summary>Bytes of tensors that <see cref="Save"/> puts into one file at most.</summary>
    public const long DefaultShardBytes = 5_000_000_000;

    /// <summary>How many tensors of a kind an error lists before it counts the rest.</summary>
    private const int ListedProblems = 3;

    private readonly List<SafetensorsFile> _files = [];
    private readonly OrderedDictionary<string, (SafetensorsFile File, string Name)> _tensors = new(StringComparer.Ordinal);

    /// <summary>The file that says which tensors there are: the only one, or the index.</summary>
    private readonly string _root;

    private Checkpoint(string folder)
    {
        if (FileProblem.OfFolder(folder) is { } problem)
            throw new CheckpointException(ForeignWeights.In(folder) ?? problem);
        Folder = folder;
        var single = Path.Combine(folder, SingleFile);
        var index = Path.Combine(folder, IndexFile);
        try
        {
            // In this order, as others have it, and as Save relies on.
            if (File.Exists(single))
                Add(_root = single);
            else if (File.Exists(index))
                AddShards(_root = index);
            else
                throw new CheckpointException(
                    ForeignWeights.In(folder) ?? $"{folder} has no weights: neither {SingleFile} nor {IndexFile} exists."
                );
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The folder, as given.</summary>
    public string Folder { get; }

    /// <summary>The naming that the files use; <see cref="WeightNaming.New"/> where no name tells.</summary>
    public WeightNaming Naming { get; private set; }

    /// <summary>Canonical names of all tensors, in the order of their data.</summary>
    public IReadOnlyList<string> Names => _tensors.Keys;

    /// <summary>Bytes of all tensors as they are stored.</summary>
    public long ByteLength => _tensors.Values.Sum(t => t.File.Entry(t.Name).ByteLength);

    /// <summary>Opens the weights of a folder and checks every header. No tensor is read.</summary>
    /// <exception cref="CheckpointException">
    /// The folder has no weights, a file breaks the format, a shard is missing, lacks a tensor that the index places there or lies outside
    /// of the folder, or a tensor occurs twice: in two shards, or under its old and its new name.
    /// </exception>
    public static Checkpoint Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return new Checkpoint(folder);
    }

    /// <summary>Whether there is a tensor of this canonical name.</summary>
    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <summary>Shape of a tensor; not to be changed.</summary>
    /// <exception cref="CheckpointException">There is no such tensor.</exception>
    public long[] Shape(string name) => Entry(name).Shape;

    /// <summary>Number type in which a tensor is stored.</summary>
    /// <exception cref="CheckpointException">There is no such tensor.</exception>
    public ScalarType DType(string name) => Entry(name).DType;

    /// <summary>A tensor over the mapped file; see <see cref="SafetensorsFile.Map"/>. The caller disposes.</summary>
    /// <exception cref="CheckpointException">There is no such tensor.</exception>
    public Tensor Map(string name)
    {
        var (file, stored) = Find(name);
        return file.Map(stored);
    }

    /// <summary>Reads a tensor into memory of its own; see <see cref="SafetensorsFile.Read"/>. The caller disposes.</summary>
    /// <param name="name">Its canonical name.</param>
    /// <param name="dtype">Type to convert to; <see langword="null"/> keeps the stored one.</param>
    /// <param name="device">Where the result lies; <see langword="null"/> is the CPU.</param>
    /// <exception cref="CheckpointException">There is no such tensor, or its file cannot be read.</exception>
    public Tensor Read(string name, ScalarType? dtype = null, Device? device = null)
    {
        var (file, stored) = Find(name);
        return file.Read(stored, dtype, device);
    }

    /// <summary>Checks that the checkpoint holds exactly the tensors of a model.</summary>
    /// <param name="expected">Shapes by canonical name.</param>
    /// <param name="ignorable">
    /// Tells which other tensors may be there besides, by canonical name. Rotary frequencies (<c>*.rotary_emb.inv_freq</c>), which some
    /// checkpoints carry along, always may.
    /// </param>
    /// <exception cref="CheckpointException">
    /// Tensors are missing, of another shape or not expected: the first few of each kind are named, with what was found and expected.
    /// </exception>
    public void Require(IReadOnlyDictionary<string, long[]> expected, Func<string, bool>? ignorable = null)
    {
        ArgumentNullException.ThrowIfNull(expected);
        List<string> missing = [],
            misshapen = [],
            surplus = [];
        foreach (var (name, shape) in expected)
        {
            if (!Contains(name))
                missing.Add($"{name}, expected with shape {Show(shape)}");
            else if (!Shape(name).AsSpan().SequenceEqual(shape))
                misshapen.Add($"{Locate(name)} has shape {Show(Shape(name))}, expected {Show(shape)}");
        }
        foreach (var name in Names)
            if (
                !expected.ContainsKey(name)
                && !name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)
                && ignorable?.Invoke(name) != true
            )
                surplus.Add($"{Locate(name)} with shape {Show(Shape(name))}");

        List<string> problems = [];
        var unknown = Names.Where(name => !expected.ContainsKey(name));
        if (missing.Count + misshapen.Count + surplus.Count > 0 && Quantization.Problem(unknown) is { } quantised)
            throw new CheckpointException($"{_root}: {quantised}.");
        Report("missing", missing);
        Report("of another shape", misshapen);
        Report("not expected", surplus);
        if (problems.Count > 0)
            throw new CheckpointException($"{_root} does not hold the model's tensors: {string.Join("; ", problems)}.");

        void Report(string kind, List<string> tensors)
        {
            if (tensors.Count == 0)
                return;
            var rest = tensors.Count > ListedProblems ? $", and {tensors.Count - ListedProblems} more" : "";
            problems.Add($"{tensors.Count} {kind}: {string.Join(", ", tensors.Take(ListedProblems))}{rest}");
        }
    }

    /// <summary>
    /// Writes weights into a folder, creating it if need be, as one file or as shards with an index, in place of the weights there. Other
    /// files of the folder are left alone.
    /// </summary>
    /// <remarks>
    /// <para> A reader of the folder finds all of the old weights or all of the new, also when the process is killed at any moment, or
    /// the power fails on a file system that keeps renames and deletions in order, as journaling ones do. Until the new weights are whole
    /// the old ones stay, so there must be room for both. What a killed process leaves over, the next successful save deletes.
    /// </para>
    /// <para>One save at a time: two into the same folder at once are not kept apart.</para>
    /// </remarks>
    /// <param name="folder">The folder.</param>
    /// <param name="tensors">Tensors by name, old or canonical; borrowed. They may be maps of the very checkpoint that is replaced.</param>
    /// <param name="naming">The naming to write.</param>
    /// <param name="maxShardBytes">Bytes of tensors in one file at most; a larger tensor has a file of its own.</param>
    /// <param name="progress">Receives the number of bytes of tensors written so far.</param>
    /// <param name="cancellation">Stops the writing; the old weights stay.</param>
    /// <exception cref="ArgumentException">A tensor has a number type that the format lacks, or two names mean the same tensor.</exception>
    /// <exception cref="CheckpointException">The folder cannot be written.</exception>
    public static void Save(
        string folder,
        IReadOnlyDictionary<string, Tensor> tensors,
        WeightNaming naming = WeightNaming.New,
        long maxShardBytes = DefaultShardBytes,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default
    ) => new CheckpointWriter(folder, progress, cancellation).Write(tensors, naming, maxShardBytes);

    private void AddShards(string index)
    {
        var shards = ShardIndex
            .Read(index)
            .GroupBy(p => p.Value, p => p.Key, StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .ToArray();
        var missing = shards.Select(shard => shard.Key).Where(name => !File.Exists(Path.Combine(Folder, name))).ToArray();
        if (missing.Length > 0)
            throw new CheckpointException(
                missing.Length == 1
                    ? $"{index} names {missing[0]}, which does not exist: the download is incomplete; fetch that file."
                    : $"{index} names {shards.Length} files, {missing.Length} of which do not exist, {missing[0]} among them: the "
                        + "download is incomplete; fetch those files."
            );
        foreach (var shard in shards)
        {
            var path = Path.Combine(Folder, shard.Key);
            var file = Add(path);
            var lacking = shard.FirstOrDefault(tensor => !file.Contains(tensor));
            if (lacking is not null)
                throw new CheckpointException($"{path} has no tensor {lacking}, which {IndexFile} places there.");
        }
    }

    private SafetensorsFile Add(string path)
    {
        var file = SafetensorsFile.Open(path);
        _files.Add(file);
        foreach (var name in file.Names)
        {
            var canonical = WeightNames.Canonical(name);
            if (WeightNames.IsOld(name))
                Naming = WeightNaming.Old;
            if (_tensors.TryAdd(canonical, (file, name)))
                continue;
            var (other, otherName) = _tensors[canonical];
            throw new CheckpointException(
                name == otherName
                    ? $"{path}: tensor {name} is in {Path.GetFileName(other.Path)}, too; expected once."
                    : $"{path}: tensor {name} is also there as {otherName} in {Path.GetFileName(other.Path)}; expected under one of "
                        + "its two names."
            );
        }
        return file;
    }

    private (SafetensorsFile File, string Name) Find(string name) =>
        _tensors.TryGetValue(name, out var tensor) ? tensor : throw new CheckpointException($"{_root} has no tensor {name}.");

    private SafetensorsEntry Entry(string name)
    {
        var (file, stored) = Find(name);
        return file.Entry(stored);
    }

    private string Locate(string name) => _files.Count == 1 ? name : $"{name} in {Path.GetFileName(_tensors[name].File.Path)}";

    private static string Show(long[] shape) => $"[{string.Join(", ", shape)}]";

    /// <summary>Closes the files. Tensors that were given stay usable.</summary>
    public void Dispose()
    {
        foreach (var file in _files)
            file.Dispose();
    }
}
