using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Rge.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Checkpoints;

/// <summary>A safetensors file, opened for reading: tensors over the memory-mapped file, or with memory of their own.</summary>
/// <remarks>
/// Thread-safe, <see cref="Dispose"/> aside. Replacing the file by a rename while it is open is harmless; changing its bytes in place is
/// not, since mapped tensors would change with them (and cutting it short ends the process, as with any memory-mapped file).
/// </remarks>
public sealed class SafetensorsFile : IDisposable
{
    /// <summary>Bytes that are converted at a time.</summary>
    private const int ChunkBytes = 4 << 20;

    private readonly SafeFileHandle _file;
    private readonly SafetensorsHeader _header;
    private readonly Dictionary<ScalarType, Tensor> _maps = [];

    /// <summary>
    /// Pieces of the file on their way to another type or device. Kept, because allocating them for each tensor, between results that stay,
    /// leaves a hole in the heap each time that the next does not quite fit into.
    /// </summary>
    private readonly Dictionary<ScalarType, Tensor> _pieces = [];

    private SafetensorsFile(string path, SafeFileHandle file)
    {
        Path = path;
        _file = file;
        _header = SafetensorsHeader.Read(file, path);
        // One map for each number type, since a tensor cannot be reinterpreted as another type. Maps take address space, no memory.
        foreach (var dtype in _header.Entries.Values.Where(e => e.ByteLength > 0).Select(e => e.DType).Distinct())
            _maps.Add(dtype, MapWhole(dtype));
    }

    /// <summary>Path of the file, as given.</summary>
    public string Path { get; }

    /// <summary>Names of the tensors in the order of their data, which is the fastest order to read them in.</summary>
    public IReadOnlyList<string> Names => _header.Names;

    /// <summary>The header's free text by key, for example <c>format</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file and checks its header. No tensor is read.</summary>
    /// <exception cref="CheckpointException">The file does not exist, cannot be read, or breaks the format.</exception>
    /// <exception cref="NativeLibraryException">libtorch cannot be loaded.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        TorchLibrary.Require();
        var file = FileBytes.Open(path);
        try
        {
            return new SafetensorsFile(path, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether the file holds a tensor of this name.</summary>
    public bool Contains(string name) => _header.Entries.ContainsKey(name);

    /// <summary>Number type, shape and place of a tensor.</summary>
    /// <exception cref="CheckpointException">The file has no such tensor.</exception>
    public SafetensorsEntry Entry(string name) =>
        _header.Entries.TryGetValue(name, out var entry) ? entry : throw new CheckpointException($"{Path} has no tensor {name}.");

    /// <summary>
    /// A tensor over the mapped file: nothing is read until it is used, and its pages can be dropped by the system at any time. Data that
    /// is not aligned to its elements is copied instead, as <see cref="Read"/> does.
    /// </summary>
    /// <returns>
    /// A tensor in its stored type on the CPU, not asking for a gradient; the caller disposes. Meant for frozen weights: writing into it
    /// gives the written pages memory of their own, is seen by other maps of the same tensor, and never reaches the file. The mapping stays
    /// until the last tensor over it is disposed, also after this object is.
    /// </returns>
    /// <exception cref="CheckpointException">The file has no such tensor.</exception>
    public Tensor Map(string name)
    {
        ObjectDisposedException.ThrowIf(_file.IsClosed, this);
        var entry = Entry(name);
        if (entry.ByteLength == 0)
            return empty(entry.Shape, entry.DType);
        var size = SafetensorsDType.From(entry.DType)!.Size;
        if (entry.Offset % size != 0)
            return Read(name);
        using var flat = _maps[entry.DType].narrow(0, entry.Offset / size, entry.ByteLength / size);
        return flat.view(entry.Shape);
    }

    /// <summary>Reads a tensor into memory of its own, a piece at a time: besides the result at most 4 MiB are held.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dtype">Type to convert to; <see langword="null"/> keeps the stored one.</param>
    /// <param name="device">Where the result lies; <see langword="null"/> is the CPU.</param>
    /// <returns>A contiguous tensor; the caller disposes.</returns>
    /// <exception cref="CheckpointException">The file has no such tensor, or cannot be read.</exception>
    public Tensor Read(string name, ScalarType? dtype = null, Device? device = null)
    {
        var entry = Entry(name);
        using var gradients = no_grad();
        var result = empty(entry.Shape, dtype ?? entry.DType, device ?? CPU);
        try
        {
            if (entry.ByteLength > 0)
                Fill(result, entry);
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    private void Fill(Tensor result, SafetensorsEntry entry)
    {
        using var scope = NewDisposeScope();
        var flat = result.view(-1);
        int size = SafetensorsDType.From(entry.DType)!.Size,
            chunk = ChunkBytes / size;
        if (result.dtype == entry.DType && result.device.type == DeviceType.CPU)
        {
            ForEachChunk((part, offset) => FileBytes.Fill(_file, part.bytes, offset, Path));
            return;
        }
        lock (_pieces)
        {
            ObjectDisposedException.ThrowIf(_file.IsClosed, this);
            if (!_pieces.TryGetValue(entry.DType, out var piece))
                _pieces.Add(entry.DType, piece = empty(chunk, entry.DType).DetachFromDisposeScope());
            ForEachChunk(
                (part, offset) =>
                {
                    var stored = piece.narrow(0, 0, part.numel());
                    FileBytes.Fill(_file, stored.bytes, offset, Path);
                    part.copy_(stored);
                }
            );
        }

        void ForEachChunk(Action<Tensor, long> fill)
        {
            for (long start = 0, length = flat.numel(); start < length; start += chunk)
                fill(flat.narrow(0, start, Math.Min(chunk, length - start)), entry.Offset + (start * size));
        }
    }

    /// <summary>The whole file as elements of one type; what does not fill the last element is left out.</summary>
    private Tensor MapWhole(ScalarType dtype)
    {
        try
        {
            return from_file(Path, shared: false, RandomAccess.GetLength(_file) / SafetensorsDType.From(dtype)!.Size, dtype)
                .DetachFromDisposeScope();
        }
        catch (ExternalException e)
        {
            foreach (var map in _maps.Values)
                map.Dispose();
            throw new CheckpointException($"{Path} cannot be mapped into memory: {e.Message}", e);
        }
    }

    /// <summary>Closes the file. Tensors it has given stay usable.</summary>
    public void Dispose()
    {
        foreach (var map in _maps.Values)
            map.Dispose();
        lock (_pieces)
        {
            foreach (var piece in _pieces.Values)
                piece.Dispose();
            _file.Dispose();
        }
    }
}
