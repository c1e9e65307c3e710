using System.Reflection;
using ILGPU;
using ILGPU.Backends.PointerViews;

namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// A kernel's value as ILGPU hands it to PTX: its fields in their order, each on a multiple of its alignment, nested structs likewise, and
/// each view as a pointer and a length of 64 bits.
/// </summary>
/// <param name="memory">Takes what the views lie on.</param>
internal sealed class KernelArguments(GlobalMemory memory)
{
    private static readonly MethodInfo ViewWriter = typeof(KernelArguments).GetMethod(nameof(WriteView), BindingFlags.NonPublic | BindingFlags.Instance)!;

    private readonly List<byte> _bytes = [];

    public static byte[] Marshal<TKernel>(in TKernel kernel, GlobalMemory memory)
        where TKernel : struct
    {
        var arguments = new KernelArguments(memory);
        arguments.Write(kernel);
        return [.. arguments._bytes];
    }

    private void Write(object value)
    {
        var type = value.GetType();
        Align(AlignmentOf(type));
        if (IsView(type))
        {
            ViewWriter.MakeGenericMethod(type.GetGenericArguments()).Invoke(this, [value]);
        }
        else if (type.IsPrimitive)
        {
            _bytes.AddRange(Bits(value));
        }
        else
        {
            foreach (var field in Fields(type))
            {
                Write(field.GetValue(value)!);
            }

            Align(AlignmentOf(type));
        }
    }

    private unsafe void WriteView<T>(ArrayView<T> view)
        where T : unmanaged
    {
        var pointer = new ViewImplementation<T>(view);
        memory.Add((nint)pointer.Ptr, view.LengthInBytes);
        _bytes.AddRange(BitConverter.GetBytes((ulong)pointer.Ptr));
        _bytes.AddRange(BitConverter.GetBytes(pointer.Length));
    }

    private static byte[] Bits(object primitive) => primitive switch
    {
        bool value => BitConverter.GetBytes(value),
        byte value => [value],
        sbyte value => [(byte)value],
        short value => BitConverter.GetBytes(value),
        ushort value => BitConverter.GetBytes(value),
        int value => BitConverter.GetBytes(value),
        uint value => BitConverter.GetBytes(value),
        long value => BitConverter.GetBytes(value),
        ulong value => BitConverter.GetBytes(value),
        float value => BitConverter.GetBytes(value),
        double value => BitConverter.GetBytes(value),
        _ => throw new PtxException($"no argument of a kernel: {primitive.GetType()}"),
    };

    private void Align(int alignment)
    {
        while (_bytes.Count % alignment != 0)
        {
            _bytes.Add(0);
        }
    }

    private static int AlignmentOf(Type type) => IsView(type) ? sizeof(ulong)
        : type.IsPrimitive ? System.Runtime.InteropServices.Marshal.SizeOf(type)
        : Fields(type).Select(field => AlignmentOf(field.FieldType)).DefaultIfEmpty(1).Max();

    private static bool IsView(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ArrayView<>);

    private static IEnumerable<FieldInfo> Fields(Type type) =>
        type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).OrderBy(field => field.MetadataToken);
}
