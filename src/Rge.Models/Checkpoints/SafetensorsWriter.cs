using System.Buffers.Binary;
using System.Text.Json;
using Rge.Files;
using static TorchSharp.torch;

namespace Rge.Models.Checkpoints;

/// <summary>Writes safetensors files.</summary>
public static class SafetensorsWriter
{
    /// <summary>Bytes that are gathered before they go to the disk; bounds what a tensor on another device takes here.</summary>
    private const int ChunkBytes = 16 << 20;

    /// <summary>
    /// Writes tensors to a file, completely or not at all: it is written under another name in the same folder, flushed to disk
    /// and renamed. An existing file is replaced.
    /// </summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="tensors"> The tensors, on any device, of any strides; borrowed. Copied one at a time at most, and only those that are
    /// not contiguous. The order does not matter: the file has the types with larger elements first, so that all data is aligned, and names
    /// in ordinal order, so that equal tensors give equal files.
    /// </param>
    /// <param name="metadata">Free text for the header by key.</param>
    /// <param name="progress">Receives the number of bytes of tensors written so far.</param>
    /// <param name="cancellation">Stops the writing; nothing is left behind.</param>
    /// <exception cref="ArgumentException">A name occurs twice, or a tensor has a number type that the format lacks.</exception>
    /// <exception cref="CheckpointException">The file cannot be written.</exception>
    public static void Write(
        string path,
        IEnumerable<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensors);
        var sorted = tensors
            .Select(t => (Name: t.Key, Tensor: t.Value, Type: TypeOf(t.Key, t.Value)))
            .OrderByDescending(t => t.Type.Size)
            .ThenBy(t => t.Name, StringComparer.Ordinal)
            .ToList();
        var header = Header(sorted, metadata);
        try
        {
            AtomicFile.Write(path, stream =>
            {
                stream.Write(header);
                var written = 0L;
                foreach (var (_, tensor, type) in sorted)
                {
                    Copy(tensor, type.Size, stream, cancellation);
                    progress?.Report(written += tensor.numel() * type.Size);
                }
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path} cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Bytes that a tensor's data takes in a file.</summary>
    internal static long DataBytes(string name, Tensor tensor) => tensor.numel() * TypeOf(name, tensor).Size;

    private static SafetensorsDType TypeOf(string name, Tensor tensor) =>
        SafetensorsDType.From(tensor.dtype)
        ?? throw new ArgumentException($"Tensor {name} is {tensor.dtype}, expected one of {SafetensorsDType.Names}.", nameof(tensor));

    /// <summary>Length prefix and JSON, padded with blanks to a multiple of eight bytes.</summary>
    private static byte[] Header(
        List<(string Name, Tensor Tensor, SafetensorsDType Type)> tensors,
        IReadOnlyDictionary<string, string>? metadata
    )
    {
        using var buffer = new MemoryStream();
        buffer.Write(new byte[8]);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is not null)
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
                    json.WriteString(key, value);
                json.WriteEndObject();
            }
            var offset = 0L;
            var names = new HashSet<string>(StringComparer.Ordinal) { "__metadata__" };
            foreach (var (name, tensor, type) in tensors)
            {
                if (!names.Add(name))
                    throw new ArgumentException($"The name {name} occurs twice or is reserved.", nameof(tensors));
                json.WriteStartObject(name);
                json.WriteString("dtype", type.Name);
                WriteNumbers(json, "shape", tensor.shape);
                var end = offset + tensor.numel() * type.Size;
                WriteNumbers(json, "data_offsets", [offset, end]);
                json.WriteEndObject();
                offset = end;
            }
            json.WriteEndObject();
        }
        while (buffer.Length % 8 != 0)
            buffer.WriteByte((byte)' ');
        var header = buffer.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - 8);
        return header;
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private static void Copy(Tensor tensor, int elementSize, Stream stream, CancellationToken cancellation)
    {
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        var flat = tensor.contiguous().view(-1);
        var chunk = ChunkBytes / elementSize;
        for (long start = 0, length = flat.numel(); start < length; start += chunk)
        {
            cancellation.ThrowIfCancellationRequested();
            stream.Write(flat.narrow(0, start, Math.Min(chunk, length - start)).cpu().bytes);
        }
    }
}
