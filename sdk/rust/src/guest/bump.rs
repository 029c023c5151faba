//! An allocator for memory that lives for one decision: a rising address, nothing is searched, little is touched.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ptr::null_mut;

use core::arch::wasm32::{memory_grow, memory_size};

const PAGE: usize = 65_536;

unsafe extern "C" {
    /// First address behind the module's data and stack; the linker defines it.
    static __heap_base: u8;
}

/// Hands out rising addresses. Only the last block can be freed or grown in place, which is what a vector that is being
/// filled needs; all else stays until the instance ends.
#[derive(Debug)]
pub struct Bump {
    /// Next free address; 0 before the first call.
    next: Cell<usize>,
    /// Memory from here on was never handed out, so it is still zero.
    untouched: Cell<usize>,
    /// End of memory.
    end: Cell<usize>,
}

// SAFETY: modules of the contract have one thread: the host refuses shared memory.
unsafe impl Sync for Bump {}

impl Bump {
    /// An allocator that has handed out nothing.
    pub const fn new() -> Bump {
        Bump {
            next: Cell::new(0),
            untouched: Cell::new(0),
            end: Cell::new(0),
        }
    }

    fn start(&self) -> usize {
        if self.next.get() == 0 {
            let base = (&raw const __heap_base).addr();
            self.next.set(base);
            self.untouched.set(base);
            self.end.set(memory_size(0).saturating_mul(PAGE));
        }
        self.next.get()
    }

    /// Moves the next free address to `next`, and grows memory when it ends before that. Memory doubles, so that a large
    /// decision grows it a few times and a small one never.
    fn advance(&self, next: usize) -> bool {
        if next > self.end.get() {
            let missing = (next - self.end.get()).div_ceil(PAGE);
            let wanted = missing.max(memory_size(0));
            if memory_grow(0, wanted) == usize::MAX && memory_grow(0, missing) == usize::MAX {
                return false;
            }
            self.end.set(memory_size(0).saturating_mul(PAGE));
        }
        self.next.set(next);
        if next > self.untouched.get() {
            self.untouched.set(next);
        }
        true
    }

    fn take(&self, layout: Layout) -> Option<usize> {
        let address = self.start().checked_next_multiple_of(layout.align())?;
        let next = address.checked_add(layout.size())?;
        self.advance(next).then_some(address)
    }

    fn is_last(&self, address: *mut u8, layout: Layout) -> bool {
        address.addr() + layout.size() == self.next.get()
    }
}

impl Default for Bump {
    fn default() -> Self {
        Bump::new()
    }
}

// SAFETY: every block lies between `__heap_base` and the end of memory, behind all blocks that are still in use.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.take(layout)
            .map_or(null_mut(), std::ptr::with_exposed_provenance_mut)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.start();
        let untouched = self.untouched.get();
        let Some(address) = self.take(layout) else {
            return null_mut();
        };
        let block: *mut u8 = std::ptr::with_exposed_provenance_mut(address);
        // Memory that was never handed out is zero already; writing zeros would only make its pages dirty.
        let used = untouched.saturating_sub(address).min(layout.size());
        // SAFETY: the block was just handed out and has at least `used` bytes.
        unsafe { block.write_bytes(0, used) };
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if self.is_last(block, layout) {
            self.next.set(block.addr());
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if self.is_last(block, layout) {
            return match block.addr().checked_add(size) {
                Some(next) if self.advance(next) => block,
                _ => null_mut(),
            };
        }
        if size <= layout.size() {
            return block;
        }
        // SAFETY: the caller passes a valid layout; the new block does not overlap the old one.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(block, layout.size());
            }
            moved
        }
    }
}
