using System.IO.Compression;

namespace Mistral.Ilgpu.Fuzzing.Mutations;

/// <summary>The pickle changed and packed again, or the zip around it changed where its records are.</summary>
internal sealed class TorchMutator : IMutator
{
    private const string Pickle = "consolidated/data.pkl";

    // The first instructions of values, so that more of what is inserted means something.
    private static readonly byte[][] Instructions =
    [
        [0x80, 2], [(byte)'('], [(byte)'}'], [(byte)')'], [(byte)'t'], [0x85], [0x86], [0x87], [(byte)'K', 1],
        [(byte)'M', 0xFF, 0xFF], [(byte)'J', 0xFF, 0xFF, 0xFF, 0x7F],
        [0x8A, 0], [0x8A, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1], [0x88],
        [0x89], [(byte)'N'], [(byte)'Q'], [(byte)'R'], [(byte)'s'],
        [(byte)'u'], [(byte)'b'], [(byte)'.'], [0x94], [(byte)'q', 0], [(byte)'h', 0], [(byte)'r', 0xFF, 0xFF, 0xFF, 0xFF],
        [(byte)'j', 0, 0, 0, 0], [0x93], [0x95, 0, 0, 0, 0, 0, 0, 0, 0],
        [(byte)'X', 0, 0, 0, 0], [0x8C, 0], [0x8B, 0xFF, 0xFF, 0xFF, 0x7F], [(byte)'0'], [(byte)'2'], [(byte)'l'],
        [(byte)'e'], [(byte)'i', (byte)'o', (byte)'\n', (byte)'s', (byte)'\n'],
    ];

    private readonly byte[] _pickle;
    private readonly BinaryMutator _pickleBytes;
    private readonly BinaryMutator _zip;
    private readonly List<(string Name, byte[] Bytes)> _entries = [];

    public TorchMutator(byte[] whole)
    {
        Whole = whole;
        using var archive = new ZipArchive(new MemoryStream(whole));
        foreach (var entry in archive.Entries)
        {
            using var bytes = new MemoryStream();
            using var stream = entry.Open();
            stream.CopyTo(bytes);
            _entries.Add((entry.FullName, bytes.ToArray()));
        }

        _pickle = _entries.Single(entry => entry.Name == Pickle).Bytes;
        _pickleBytes = new BinaryMutator(_pickle);
        _zip = new BinaryMutator(whole, whole.Length, Records(whole));
    }

    public byte[] Whole { get; }

    public byte[] Mutate(FuzzRandom random)
    {
        if (random.OneIn(2))
        {
            return _zip.Mutate(random);
        }

        byte[] pickle = random.OneIn(2) ? _pickleBytes.Mutate(random) : _pickle;
        for (int edits = random.OneIn(2) ? random.Few() : 0; edits > 0; edits--)
        {
            int at = random.Next(pickle.Length + 1);
            int times = random.OneIn(64) ? 1 + random.Next(random.OneIn(16) ? 1 << 18 : 1 << 14) : 1;
            var inserted = Enumerable.Repeat(random.Pick(Instructions), times).SelectMany(bytes => bytes);
            pickle = [.. pickle.AsSpan(0, at), .. inserted, .. pickle.AsSpan(at)];
        }

        return Pack(pickle, random.OneIn(8) ? CompressionLevel.Fastest : CompressionLevel.NoCompression);
    }

    private byte[] Pack(byte[] pickle, CompressionLevel compression)
    {
        using var file = new MemoryStream();
        using (var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, bytes) in _entries)
            {
                bool isPickle = name == Pickle;
                using var stream = archive.CreateEntry(name, isPickle ? compression : CompressionLevel.NoCompression).Open();
                stream.Write(isPickle ? pickle : bytes);
            }
        }

        return file.ToArray();
    }

    /// <summary>The fields of the records that begin with PK: local headers, the directory and its end.</summary>
    private static List<(int At, int Width)> Records(byte[] zip)
    {
        const int RecordBytes = 46;
        var fields = new List<(int, int)>();
        for (int at = 0; at < zip.Length - 4; at++)
        {
            if (zip[at] == 'P' && zip[at + 1] == 'K' && zip[at + 2] < 8)
            {
                int end = Math.Min(at + RecordBytes, zip.Length);
                for (int place = at; place + 4 <= end; place += 2)
                {
                    fields.AddRange([(place, 2), (place, 4)]);
                }
            }
        }

        return fields;
    }
}
