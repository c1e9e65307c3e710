using System.Buffers.Binary;
using System.Text;

namespace Mistral.Ilgpu.PtxMachine.Driver;

/// <summary>
/// A shared library for Linux on x86-64 whose functions jump to addresses in a table, which its loader fills. So managed code can
/// stand in for a vendor's library, without a native compiler. By the System V ABI, chapters 4 and 5, and its AMD64 supplement.
/// </summary>
internal static class SharedLibrary
{
    /// <summary>The symbol of the table, one pointer for each function.</summary>
    public const string Table = "function_table";

    private const int HeaderBytes = 64;
    private const int ProgramHeaderBytes = 56;
    private const int SymbolBytes = 24;
    private const int StubBytes = 16;
    private const int PageBytes = 4096;

    private enum Segment
    {
        Load = 1,
        Dynamic = 2,
        Stack = 0x6474_E551,
    }

    private enum Tag
    {
        End = 0,
        Hash = 4,
        Strings = 5,
        Symbols = 6,
        StringBytes = 10,
        SymbolBytes = 11,
        Name = 14,
    }

    /// <summary>The file of a library whose name is <paramref name="name"/> and has these functions.</summary>
    public static byte[] Make(string name, IReadOnlyList<string> functions)
    {
        var strings = new MemoryStream();
        int Text(string text)
        {
            int at = (int)strings.Position;
            strings.Write(Encoding.ASCII.GetBytes(text));
            strings.WriteByte(0);
            return at;
        }

        Text("");
        int nameAt = Text(name);
        int[] functionsAt = [.. functions.Select(Text)];
        int tableAt = Text(Table);

        int symbolCount = functions.Count + 2;
        int hash = HeaderBytes + (4 * ProgramHeaderBytes);
        int symbols = Align(hash + (4 * (3 + symbolCount)), 8);
        int text = symbols + (symbolCount * SymbolBytes);
        int code = Align(text + (int)strings.Length, StubBytes);
        int dynamic = Align(code + (functions.Count * StubBytes), PageBytes);
        int table = dynamic + (7 * 16);
        int end = table + (8 * functions.Count);

        byte[] file = new byte[end];
        Header(file);
        ProgramHeader(file, 0, Segment.Load, flags: 5, 0, dynamic, PageBytes);
        ProgramHeader(file, 1, Segment.Load, flags: 6, dynamic, end - dynamic, PageBytes);
        ProgramHeader(file, 2, Segment.Dynamic, flags: 6, dynamic, 7 * 16, 8);
        // Without it the loader would make the stack executable.
        ProgramHeader(file, 3, Segment.Stack, flags: 6, 0, 0, 16);
        Hash(file.AsSpan(hash), symbolCount);
        Symbol(file.AsSpan(symbols + SymbolBytes), tableAt, isFunction: false, table, 8 * functions.Count);
        for (int i = 0; i < functions.Count; i++)
        {
            int stub = code + (i * StubBytes);
            Symbol(file.AsSpan(symbols + ((i + 2) * SymbolBytes)), functionsAt[i], isFunction: true, stub, StubBytes);
            Jump(file.AsSpan(stub), stub, table + (8 * i));
        }

        strings.ToArray().CopyTo(file, text);
        Dynamic(
            file.AsSpan(dynamic), (Tag.Name, nameAt), (Tag.Hash, hash), (Tag.Strings, text), (Tag.Symbols, symbols),
            (Tag.StringBytes, (int)strings.Length), (Tag.SymbolBytes, SymbolBytes), (Tag.End, 0));
        return file;
    }

    private static int Align(int value, int alignment) => (value + alignment - 1) / alignment * alignment;

    private static void Header(Span<byte> file)
    {
        // 64 bits, little-endian, version 1.
        ReadOnlySpan<byte> magic = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        magic.CopyTo(file);
        const short SharedObject = 3;
        const short Amd64 = 62;
        BinaryPrimitives.WriteInt16LittleEndian(file[16..], SharedObject);
        BinaryPrimitives.WriteInt16LittleEndian(file[18..], Amd64);
        BinaryPrimitives.WriteInt32LittleEndian(file[20..], 1);
        BinaryPrimitives.WriteInt64LittleEndian(file[32..], HeaderBytes);
        BinaryPrimitives.WriteInt16LittleEndian(file[52..], HeaderBytes);
        BinaryPrimitives.WriteInt16LittleEndian(file[54..], ProgramHeaderBytes);
        BinaryPrimitives.WriteInt16LittleEndian(file[56..], 4);
    }

    private static void ProgramHeader(Span<byte> file, int index, Segment type, int flags, long at, long bytes, long alignment)
    {
        var header = file[(HeaderBytes + (index * ProgramHeaderBytes))..];
        BinaryPrimitives.WriteInt32LittleEndian(header, (int)type);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], flags);
        // In the file, in memory, and physically.
        foreach (int field in new[] { 8, 16, 24 })
        {
            BinaryPrimitives.WriteInt64LittleEndian(header[field..], at);
        }

        BinaryPrimitives.WriteInt64LittleEndian(header[32..], bytes);
        BinaryPrimitives.WriteInt64LittleEndian(header[40..], bytes);
        BinaryPrimitives.WriteInt64LittleEndian(header[48..], alignment);
    }

    // One bucket, in which every symbol leads to the next.
    private static void Hash(Span<byte> hash, int symbols)
    {
        BinaryPrimitives.WriteInt32LittleEndian(hash, 1);
        BinaryPrimitives.WriteInt32LittleEndian(hash[4..], symbols);
        BinaryPrimitives.WriteInt32LittleEndian(hash[8..], 1);
        for (int i = 1; i < symbols - 1; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(hash[(12 + (4 * i))..], i + 1);
        }
    }

    private static void Symbol(Span<byte> symbol, int nameAt, bool isFunction, long at, long bytes)
    {
        BinaryPrimitives.WriteInt32LittleEndian(symbol, nameAt);
        // Global, a function or an object, in some section.
        symbol[4] = (byte)(0x10 | (isFunction ? 2 : 1));
        symbol[6] = 1;
        BinaryPrimitives.WriteInt64LittleEndian(symbol[8..], at);
        BinaryPrimitives.WriteInt64LittleEndian(symbol[16..], bytes);
    }

    // jmp *[rip + distance]
    private static void Jump(Span<byte> stub, int at, int pointerAt)
    {
        const int Length = 6;
        (stub[0], stub[1]) = (0xFF, 0x25);
        BinaryPrimitives.WriteInt32LittleEndian(stub[2..], pointerAt - (at + Length));
    }

    private static void Dynamic(Span<byte> section, params ReadOnlySpan<(Tag Tag, long Value)> entries)
    {
        for (int i = 0; i < entries.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(section[(16 * i)..], (long)entries[i].Tag);
            BinaryPrimitives.WriteInt64LittleEndian(section[((16 * i) + 8)..], entries[i].Value);
        }
    }
}
