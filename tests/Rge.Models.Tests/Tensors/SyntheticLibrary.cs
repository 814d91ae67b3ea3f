using System.Buffers.Binary;
using System.Text;

namespace Rge.Models.Tests.Tensors;

/// <summary>Writes the parts of an ELF shared library that the dynamic loader reads for symbol versions, and nothing else.</summary>
internal static class SyntheticLibrary
{
    public const string Needed = "GLIBCXX_3.4.32";
    public const ushort NeededIndex = 18;

    // Addresses differ from file offsets by this much, as they do in real libraries.
    private const ulong Base = 0x1000;
    private const int Strings = 0x200,
        VersionNeeds = 0x300,
        Relocations = 0x400,
        JumpRelocations = 0x480,
        SymbolVersions = 0x500,
        Length = 0x600;

    /// <summary>Where the flags of <see cref="Needed"/> stand in the file.</summary>
    public const int FlagsOffset = VersionNeeds + 80 + 4;

    /// <summary>
    /// A library with two version needs (libc.so.6, libstdc++.so.6) whose only relocations use symbol 1, of version
    /// <paramref name="relocated"/>.
    /// </summary>
    public static byte[] Create(string version = Needed, ushort relocated = 3)
    {
        var file = new byte[Length];
        byte[] identification = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identification.CopyTo(file, 0);
        Write(file, 32, 64ul);
        Write(file, 54, (ushort)56);
        Write(file, 56, (ushort)2);
        ProgramHeader(file, 64, type: 1, offset: 0, Base, Length);
        ProgramHeader(file, 120, type: 2, offset: 176, Base + 176, 16 * 10);

        (ulong Tag, ulong Value)[] dynamic =
        [
            (5, Base + Strings),
            (0x6ffffffe, Base + VersionNeeds),
            (0x6fffffff, 2),
            (0x6ffffff0, Base + SymbolVersions),
            (7, Base + Relocations),
            (8, 24),
            (23, Base + JumpRelocations),
            (2, 24),
            (0, 0),
        ];
        for (var i = 0; i < dynamic.Length; i++)
        {
            Write(file, 176 + i * 16, dynamic[i].Tag);
            Write(file, 184 + i * 16, dynamic[i].Value);
        }

        Encoding.ASCII.GetBytes($"\0libc.so.6\0GLIBC_2.2.5\0libstdc++.so.6\0GLIBCXX_3.4\0{version}\0").CopyTo(file, Strings);
        VersionNeed(file, VersionNeeds, count: 1, name: 1, next: 32);
        Version(file, VersionNeeds + 16, index: 3, name: 11, next: 0);
        VersionNeed(file, VersionNeeds + 32, count: 2, name: 23, next: 0);
        Version(file, VersionNeeds + 48, index: 2, name: 38, next: 32);
        Version(file, VersionNeeds + 80, NeededIndex, name: 50, next: 0);

        // Symbol 1 is relocated, symbol 2 has the version in question and is not.
        Write(file, SymbolVersions + 2, relocated);
        Write(file, SymbolVersions + 4, NeededIndex);
        Write(file, Relocations + 8, 1ul << 32);
        Write(file, JumpRelocations + 8, 1ul << 32);
        return file;
    }

    private static void ProgramHeader(byte[] file, int at, uint type, ulong offset, ulong address, ulong size)
    {
        Write(file, at, type);
        Write(file, at + 8, offset);
        Write(file, at + 16, address);
        Write(file, at + 32, size);
    }

    private static void VersionNeed(byte[] file, int at, ushort count, uint name, uint next)
    {
        Write(file, at, (ushort)1);
        Write(file, at + 2, count);
        Write(file, at + 4, name);
        Write(file, at + 8, 16u);
        Write(file, at + 12, next);
    }

    private static void Version(byte[] file, int at, ushort index, uint name, uint next)
    {
        Write(file, at + 6, index);
        Write(file, at + 8, name);
        Write(file, at + 12, next);
    }

    private static void Write(byte[] file, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), value);

    private static void Write(byte[] file, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(at), value);

    private static void Write(byte[] file, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(at), value);
}
