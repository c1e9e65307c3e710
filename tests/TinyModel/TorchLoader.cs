using System.Buffers.Binary;

namespace Mistral.Ilgpu.TinyModel;

/// <summary>
/// TorchSharp's native library names a newer libstdc++ symbol version than Debian 12 has, and calls nothing of it. Marking that
/// one version requirement weak lets the loader pass over it.
/// </summary>
public static class TorchLoader
{
    private const uint VersionNeedSection = 0x6FFFFFFE; // SHT_GNU_verneed
    private const uint GlibCxx3432 = 0x0297F842; // the ELF hash of "GLIBCXX_3.4.32"
    private const ushort Weak = 0x2; // VER_FLG_WEAK

    public static void Prepare()
    {
        string library = Path.Combine(AppContext.BaseDirectory, "runtimes/linux-x64/native/libLibTorchSharp.so");
        library = File.Exists(library) ? library : Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");
        if (!File.Exists(library))
        {
            return;
        }

        byte[] elf = File.ReadAllBytes(library);
        if (MarkWeak(elf, GlibCxx3432))
        {
            File.Delete(library);
            File.WriteAllBytes(library, elf);
        }
    }

    // ELF-64 layout: System V ABI, and "Symbol Versioning" of the Linux Standard Base for Verneed and Vernaux.
    private static bool MarkWeak(byte[] elf, uint versionHash)
    {
        long sections = BinaryPrimitives.ReadInt64LittleEndian(elf.AsSpan(0x28));
        int sectionSize = BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(0x3A));
        int sectionCount = BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(0x3C));
        for (int i = 0; i < sectionCount; i++)
        {
            var section = elf.AsSpan((int)sections + (i * sectionSize), sectionSize);
            if (BinaryPrimitives.ReadUInt32LittleEndian(section[4..]) != VersionNeedSection)
            {
                continue;
            }

            for (int need = (int)BinaryPrimitives.ReadInt64LittleEndian(section[24..]); ;)
            {
                int aux = need + BinaryPrimitives.ReadInt32LittleEndian(elf.AsSpan(need + 8));
                for (int left = BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(need + 2)); left > 0; left--)
                {
                    var flags = elf.AsSpan(aux + 4, 2);
                    if (BinaryPrimitives.ReadUInt32LittleEndian(elf.AsSpan(aux)) == versionHash)
                    {
                        ushort old = BinaryPrimitives.ReadUInt16LittleEndian(flags);
                        BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)(old | Weak));
                        return (old & Weak) == 0;
                    }

                    aux += BinaryPrimitives.ReadInt32LittleEndian(elf.AsSpan(aux + 12));
                }

                int next = BinaryPrimitives.ReadInt32LittleEndian(elf.AsSpan(need + 12));
                if (next == 0)
                {
                    break;
                }

                need += next;
            }
        }

        return false;
    }
}
