namespace Rge.Models.Kernels;

/// <summary>A number of rows that the compiler knows, so that a kernel keeps its sums in registers.</summary>
internal interface IRowCount
{
    static abstract int Value { get; }

    internal readonly struct One : IRowCount
    {
        public static int Value => 1;
    }

    internal readonly struct Two : IRowCount
    {
        public static int Value => 2;
    }

    internal readonly struct Three : IRowCount
    {
        public static int Value => 3;
    }

    internal readonly struct Four : IRowCount
    {
        public static int Value => 4;
    }
}
