;; Counts the primes below n. Input: n as u32 little-endian. Output: the count as u32 little-endian.
(module
  (memory (export "memory") 1)

  ;; The input is small; it always goes to the start of the memory.
  (func (export "allocate") (param $length i32) (result i32)
    (i32.const 0))

  (func $is_prime (param $candidate i32) (result i32)
    (local $divisor i32)
    (if (i32.lt_u (local.get $candidate) (i32.const 2)) (then (return (i32.const 0))))
    (local.set $divisor (i32.const 2))
    (block $prime
      (loop $next
        (br_if $prime
          (i32.gt_u (local.get $divisor) (i32.div_u (local.get $candidate) (local.get $divisor))))
        (if (i32.eqz (i32.rem_u (local.get $candidate) (local.get $divisor)))
          (then (return (i32.const 0))))
        (local.set $divisor (i32.add (local.get $divisor) (i32.const 1)))
        (br $next)))
    (i32.const 1))

  (func (export "run") (param $input i32) (param $length i32) (result i64)
    (local $below i32) (local $candidate i32) (local $count i32)
    (if (i32.ne (local.get $length) (i32.const 4)) (then (unreachable)))
    (local.set $below (i32.load (local.get $input)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $candidate) (local.get $below)))
        (local.set $count (i32.add (local.get $count) (call $is_prime (local.get $candidate))))
        (local.set $candidate (i32.add (local.get $candidate) (i32.const 1)))
        (br $next)))
    (i32.store (i32.const 16) (local.get $count))
    ;; output at address 16, 4 bytes long
    (i64.or (i64.shl (i64.const 16) (i64.const 32)) (i64.const 4))))
